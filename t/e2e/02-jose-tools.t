# SPDX-License-Identifier: Apache-2.0
# jose-verify and jose-decrypt as a harness calls them: files as they come, lists as they come, exit codes.
use strict;
use warnings;

use FindBin qw($Bin);
use lib 't/lib';
use File::Temp qw(tempdir);
use IPC::Open3;
use Test::More;

my ($built) = grep { -x "$_/t/jose-verify" } grep { defined } $ENV{SSO_BUILDDIR}, "$Bin/../../build", "$Bin/../..";
ok $built, 'the tools are built' or die "no t/jose-verify: run ./dev build, or make check, or set SSO_BUILDDIR\n";
my $vectors = "$Bin/../vectors/jose";
my $dir = tempdir(CLEANUP => 1);

sub content {
    my ($path) = @_;
    open my $in, '<:raw', $path or die "$path: $!";
    local $/;
    return scalar <$in>;
}

my $files = 0;

sub file {
    my ($text) = @_;
    my $path = "$dir/" . $files++;
    open my $out, '>:raw', $path or die "$path: $!";
    print {$out} $text;
    close $out or die "$path: $!";
    return $path;
}

sub run {
    my ($program, @args) = @_;
    my $pid = open3(my $in, my $out, undef, "$built/t/$program", @args);
    close $in;
    local $/;
    my $text = <$out>;
    waitpid $pid, 0;
    return ($? >> 8, $text);
}

sub says {
    my ($program, $args, $status, $text, $name) = @_;
    my ($got, $said) = run($program, @$args);
    is $got, $status, "$name: exits with $status";
    like $said, $text, "$name: says why";
}

my ($token, $key) = map { content("$vectors/rfc7515-a2/$_") } 'token.txt', 'key.json';
chomp $token;
my ($t, $k) = (file("$token\n"), file($key));
my $set = file(qq({"keys": [$key]}));

says 'jose-verify', [$k, $t, $_], 0, qr/^ok$/, "list $_"
    for 'RS256', 'ES256,RS256', 'ES256 RS256', 'ES256, RS256', '["ES256","RS256"]', "ES256\nRS256", 'RS256 ES999';
says 'jose-verify', [$set, $t, 'RS256'], 0, qr/^ok$/, 'a set';
says 'jose-verify', [$k, file($_->[0]), 'RS256'], 0, qr/^ok$/, $_->[1]
    for [$token, 'no line end'], ["$token\r\n", 'a line end of the other kind'];
says 'jose-verify', [$k, file($_->[0]), 'RS256'], 1, qr/^reason=\S+: /, $_->[1]
    for ["$token\n\n", 'two line ends'], ["$token ", 'a blank behind'], [" $token", 'a blank before'],
    ["$token\0x", 'a NUL'], ["$token\0", 'a NUL at the end'], ['', 'an empty file'], ["\n", 'a line end only'],
    ['x' x 3_000_000, 'three megabytes'];
says 'jose-verify', [$k, $t, $_->[0]], 1, qr/^reason=$_->[1]: /, "list $_->[0]"
    for ['ES256', 'jws-alg-not-allowed'], ['none', 'alg-none'], ['RS256,none', 'alg-none'], ['ES999', 'alg-unknown'],
    ['', 'alg-unknown'];
says 'jose-verify', [file($_), $t, 'RS256'], 1, qr/^reason=\S+: /, 'key file "' . substr($_, 0, 12) . '"'
    for '', 'x', '[]', '{}', '-----BEGIN PUBLIC KEY-----';

my $private = content("$vectors/rfc8037-a1-private-key/key.json");
my $ed = file(content("$vectors/rfc8037-a4/token.txt"));
says 'jose-verify', [file($private), $ed, 'EdDSA'], 0, qr/^ok$/, 'one private JWK';
says 'jose-verify', [file(qq({"keys":[$private]})), $ed, 'EdDSA'], 1, qr/^reason=jwks-empty: /,
    'a private JWK in a set';

my ($secret, $hs) = map { content("$vectors/rfc7515-a1/$_") } 'key.json', 'token.txt';
says 'jose-verify', [file($secret), file($hs), 'HS256'], 0, qr/^ok$/, 'a secret';
says 'jose-verify', [file(qq({"keys":[$secret]})), file($hs), 'HS256'], 0, qr/^ok$/, 'a set of secrets';
says 'jose-verify', [file(qq({"keys":[$secret,$key]})), file($hs), 'HS256'], 1, qr/^reason=jwks-no-match: /,
    'a secret among public keys';

my ($jwe, $own) = map { "$vectors/rfc7516-a1/$_" } 'token.txt', 'key.json';
says 'jose-decrypt', [$own, $jwe], 0, qr/^The true sign of intelligence is not knowledge but imagination\.$/, 'a JWE';
says 'jose-decrypt', [file('{"keys":[' . content($own) . ']}'), $jwe], 0, qr/^The true sign/, 'a set of private keys';
says 'jose-decrypt', [$k, $jwe], 1, qr/^reason=\S+: /, 'a key that is not ours';
says 'jose-decrypt', [$own, $t], 1, qr/^reason=jwe-syntax: /, 'a JWS';

says 'jose-verify', $_, 2, qr/^usage: jose-verify /, 'called with ' . @$_
    for [], [$k], [$k, $t], [$k, $t, 'RS256', 'x'];
says 'jose-decrypt', $_, 2, qr/^usage: jose-decrypt /, 'called with ' . @$_ for [], [$own], [$own, $jwe, 'x'];
says 'jose-verify', ["$dir/none", $t, 'RS256'], 2, qr/^reason=file: cannot open/, 'no key file';
says 'jose-verify', [$k, "$dir/none", 'RS256'], 2, qr/^reason=file: cannot open/, 'no token file';
says 'jose-decrypt', [$own, "$dir/none"], 2, qr/^reason=file: cannot open/, 'no token to decrypt';

done_testing;
