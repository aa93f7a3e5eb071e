# SPDX-License-Identifier: Apache-2.0
# Who we are by a TLS certificate (RFC 8705): shown where the provider asks, at its aliases, and to nobody else.
use lib 't/lib';
use SSO::Test;

use File::Temp ();

my $dir = File::Temp->newdir('sso-mtls-XXXXXXXX', TMPDIR => 1);
chmod 0755, "$dir";
my $authority = SSO::Tls->new("$dir");
my $mine = $authority->leaf('client', client => 1);
my $own = $authority->leaf('own', client => 1, self_signed => 1);
chmod 0600, $_->{key} for $mine, $own;
my $server = $authority->leaf('provider');
my $op = SSO::OP->scripted({path => '/main', host => '127.0.0.1', name => 'localhost',
    tls => {%$server, ca => $authority->ca, client => true},
    clients => {app => {auth => 'tls'}, public => {auth => 'none'}}});
my $issuer = $op->issuer;
$op->sign(token => {key => 'k1'}); # a key takes its time when it is made
my %alias = (token_endpoint => "$issuer/token?mtls=1", introspection_endpoint => "$issuer/introspect?mtls=1",
    pushed_authorization_request_endpoint => "$issuer/par?mtls=1", userinfo_endpoint => "$issuer/userinfo?mtls=1");
$op->control({discovery => {set => {mtls_endpoint_aliases => \%alias, require_pushed_authorization_requests => true}}});

my $site = site(provider => $op, client => 'none', httpd => {servers => 1, threads => 16}, snippet => <<"END");
SSOCAFile @{[$authority->ca]}
SSOIssuer $issuer
SSOClientID app
SSOClientAuth tls_client_auth
SSOClientCertificate $mine->{cert} $mine->{key}
<SSOProvider own>
    SSOIssuer $issuer
    SSOClientID app
    SSOClientAuth self_signed_tls_client_auth
    SSOClientCertificate $own->{cert} $own->{key}
</SSOProvider>
<SSOProvider plain>
    SSOIssuer $issuer
    SSOClientID public
</SSOProvider>
<Location /protected/own/>
    SSOUse own
</Location>
<Location /protected/plain/>
    SSOUse plain
</Location>
END

sub fingerprint {
    my ($cert) = @_;
    my ($hex) = qx(openssl x509 -in $cert->{cert} -noout -fingerprint -sha256) =~ /=(\S+)/;
    return $hex;
}
sub calls { my ($path) = @_; return grep { $_->{path} =~ m{/\Q$path\E$} } $op->requests }

for (['ca-mtls: a certificate of an authority', '/protected/', $mine],
    ['ca-mtls: one that we signed ourselves', '/protected/own/', $own]) {
    my ($name, $path, $cert) = @$_;
    subtest $name => sub {
        $op->reset->control({discovery => {set => {mtls_endpoint_aliases => \%alias,
            require_pushed_authorization_requests => true}}});
        my $page = login($site, $path, browser => $site->new_browser(ca => $authority->ca));
        is $page->status, 200, 'alice is in' or diag $page->summary, join "\n", $op->failures;
        for my $endpoint (qw(par token)) {
            my ($call) = calls($endpoint);
            is $call->{cert}, fingerprint($cert), "$endpoint: the certificate is ours";
            is $call->{query}{mtls}, 1, "$endpoint: at the alias";
            is $call->{form}{client_id}, 'app', "$endpoint: with the client id";
            is $call->{form}{client_secret} // $call->{headers}{authorization}, undef, "$endpoint: and nothing else";
        }
        is_deeply [$op->failures], [], 'the provider was content';
    };
}

subtest 'a client without certificate' => sub {
    $op->reset->control({discovery => {set => {mtls_endpoint_aliases => \%alias}}});
    my $page = login($site, '/protected/plain/', browser => $site->new_browser(ca => $authority->ca));
    is $page->status, 200, 'alice is in' or diag $page->summary, join "\n", $op->failures;
    my ($call) = calls('token');
    is $call->{cert}, undef, 'shows none, though the provider asks for one';
    is $call->{query}{mtls}, undef, 'and keeps to the ordinary endpoints';
};

done_testing;
