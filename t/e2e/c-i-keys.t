# SPDX-License-Identifier: Apache-2.0
# A client with a key of its own: assertions, and ID Tokens encrypted for it.
use lib 't/lib';
use SSO::Case;

my $dir = File::Temp->newdir('sso-keys-XXXXXXXX', TMPDIR => 1);
chmod 0755, "$dir";
sub make_key {
    my ($name, @how) = @_;
    my $path = "$dir/$name.pem";
    system("openssl genpkey @how -out $path 2>/dev/null") == 0 or die "openssl genpkey: $?";
    chmod 0600, $path;
    return {path => $path, pem => scalar qx(openssl pkey -in $path -pubout)};
}
my $rsa = make_key('rsa', qw(-algorithm RSA -pkeyopt rsa_keygen_bits:2048));
my $ec = make_key('ec', qw(-algorithm EC -pkeyopt ec_paramgen_curve:P-256));
my $ed = make_key('ed', qw(-algorithm ed25519));

sub clients { my ($key) = @_; return (clients => {app => {auth => 'private_key_jwt', pem => $key->{pem}}}) }
sub keyed { my ($key, $kid) = @_; return (client => 'app', conf => "SSOClientAuth private_key_jwt\nSSOClientKey $key->{path} @{[$kid // '']}") }
sub encrypted { my (%how) = @_; return {clients($rsa), id_token => {encrypt => {pem => $rsa->{pem}, %how}}} }
my $fine = sub { is_deeply [$_[0]{op}->failures], [], 'the provider had nothing to complain of' };
sub header_of {
    my ($case) = @_;
    my ($r) = grep { $_->{path} =~ m{/token$} } @{$case->{requests}};
    my ($head) = split /\./, $r->{form}{client_assertion};
    require MIME::Base64;
    return JSON::PP::decode_json(MIME::Base64::decode_base64($head =~ tr{_-}{/+}r));
}

run_cases(
    ['rp-token_endpoint-private_key_jwt', 'accept', {clients($rsa)}, keyed($rsa, 'key-1'), check => sub {
        $fine->($_[0]);
        is header_of($_[0])->{kid}, 'key-1', 'under its kid';
        is header_of($_[0])->{alg}, 'RS256', 'by RS256';
    }],
    ['private-key-jwt-ec', 'accept', {clients($ec)}, keyed($ec), check => sub { $fine->($_[0]); is header_of($_[0])->{alg}, 'ES256', 'ES256' }],
    ['private-key-jwt-ed', 'accept', {clients($ed)}, keyed($ed), check => sub { $fine->($_[0]); is header_of($_[0])->{alg}, 'EdDSA', 'EdDSA' }],
    ['private-key-jwt-other-key', 'reject token-invalid-client', {clients($ec)}, keyed($rsa)],

    ['idt-enc-rsa-oaep', 'accept', encrypted(), keyed($rsa)],
    ['idt-enc-rsa-oaep-256', 'accept', encrypted(alg => 'RSA-OAEP-256'), keyed($rsa)],
    ['idt-enc-and-bad-signature', 'reject jws-signature', {clients($rsa), id_token => {tamper => 'signature', encrypt => {pem => $rsa->{pem}}}}, keyed($rsa)],
    ['idt-enc-and-none', 'reject jws-alg-none', {clients($rsa), id_token => {alg => 'none', signature_hex => '', encrypt => {pem => $rsa->{pem}}}}, keyed($rsa)],
    ['idt-enc-wrong-alg', 'reject jwe-alg', encrypted(alg => 'RSA1_5'), keyed($rsa)],
    ['idt-enc-dir', 'reject jwe-alg', encrypted(alg => 'dir'), keyed($rsa)],
    ['idt-enc-a128kw', 'reject jwe-alg', encrypted(alg => 'A128KW'), keyed($rsa)],
    ['idt-enc-pbes2-iter', 'reject jwe-alg', encrypted(alg => 'PBES2-HS256+A128KW', header => {p2c => 2147483647, p2s => 'AAAAAAAAAAA'}), keyed($rsa),
        check => sub { cmp_ok $_[0]{seconds}, '<', 4, 'before computing' }],
    ['idt-enc-invalid-curve', 'reject jwe-key', {clients($ec), id_token => {encrypt => {pem => $ec->{pem}, alg => 'ECDH-ES', header => {epk => 'wrong'}}}}, keyed($ec)],
    ['idt-enc-epk-missing', 'reject jwe-syntax', {clients($ec), id_token => {encrypt => {pem => $ec->{pem}, alg => 'ECDH-ES'}}}, keyed($ec)],
    ['idt-enc-epk-private', 'reject jwe-key|jwe-syntax', {clients($ec), id_token => {encrypt => {pem => $ec->{pem}, alg => 'ECDH-ES',
        header => {epk => {kty => 'EC', crv => 'P-256', x => 'A' x 43, y => 'A' x 43, d => 'A' x 43}}}}}, keyed($ec)],
    ['idt-enc-ecdh-for-rsa', 'reject jwe-key', encrypted(alg => 'ECDH-ES', header => {epk => 'wrong'}), keyed($rsa)],
    ['idt-enc-unknown-enc', 'reject jwe-enc', encrypted(enc => 'A512GCM'), keyed($rsa)],
    ['idt-enc-zip', 'reject jwe-zip', encrypted(header => {zip => 'DEF'}), keyed($rsa)],
    ['idt-enc-crit', 'reject jwe-crit', encrypted(header => {crit => ['x'], x => 1}), keyed($rsa)],
    ['idt-enc-kid-other', 'reject jwe-kid', encrypted(header => {kid => 'other'}), keyed($rsa, 'key-1')],
    ['idt-enc-tag', 'reject jwe-decrypt', encrypted(tamper => 'tag'), keyed($rsa)],
    ['idt-enc-key', 'reject jwe-decrypt', encrypted(tamper => 'key'), keyed($rsa)],
    ['idt-enc-iv', 'reject jwe-decrypt', encrypted(tamper => 'iv'), keyed($rsa)],
    ['idt-enc-text', 'reject jwe-decrypt', encrypted(tamper => 'text'), keyed($rsa)],
    ['idt-enc-for-another', 'reject jwe-decrypt', {clients($rsa), id_token => {encrypt => {pem => make_key('other', qw(-algorithm RSA -pkeyopt rsa_keygen_bits:2048))->{pem}}}}, keyed($rsa)],
    ['idt-enc-without-a-key', 'reject jwt-encrypted', {id_token => {encrypt => {pem => $rsa->{pem}}}}],
    ['idt-enc-plain-where-key', 'accept', {clients($rsa)}, keyed($rsa)],
);
done_cases;
