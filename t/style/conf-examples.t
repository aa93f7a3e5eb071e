# SPDX-License-Identifier: Apache-2.0
# Every example starts once its marked lines are filled in, and none starts before.
use strict;
use warnings;
use utf8;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use File::Temp ();
use SSO::Httpd;
use SSO::Source;
use SSO::Tls;

my @examples = files(qr{^conf-examples/[^/]+$}); # t/e2e/66-deploy.t has the folders
is_deeply \@examples, [map { "conf-examples/$_.conf" } qw(api-and-spa auth0 authentik cognito dex entra generic
    gitlab google keycloak okta onelogin quickstart
    reverse-proxy-openmetadata-bearer reverse-proxy-openmetadata-bridge reverse-proxy-openmetadata-gate
    reverse-proxy-openmetadata-header reverse-proxy-openmetadata-minted several-providers tls-proxy zitadel)],
    'the promised examples, and nothing else';

$ENV{SSO_MODULE} = module_loads();

my $folder = File::Temp->newdir('sso-examples-XXXXXXXX', TMPDIR => 1);
sub file {
    my ($name, $content) = @_;
    my $path = "$folder/$name";
    open my $out, '>', $path or die "$path: $!";
    print $out $content;
    close $out or die "$path: $!";
    chmod 0600, $path or die "$path: $!";
    return $path;
}

my $leaf = SSO::Tls->new("$folder")->leaf('site', names => ['sso.acme.test']);
my %value = (
    host => 'sso.acme.test', 'second-host' => 'wiki.acme.test',
    certificate => $leaf->{cert}, 'certificate-key' => $leaf->{key},
    issuer => 'https://login.acme.test/', 'client-id' => '0oa4h1bQ7Kx2', subdomain => 'acme',
    domain => 'acme.eu.auth0.com', 'okta-domain' => 'acme.okta.com', 'email-domain' => 'acme.test',
    'keycloak-host' => 'login.acme.test', realm => 'staff',
    'tenant-id' => '8eaef023-2b34-4da1-9baa-8bc8c9d6a490', group => 'Data owners', role => 'catalog-admin',
    'group-id' => '5f0c1d2e-7a64-4c59-b6de-02f1d9f4a111', application => 'http://127.0.0.1:8585/',
    'secret-file' => file('secret', "kX9vQ2mT7bLr4WnZ\n"), 'key-file' => file('key', qx(openssl rand -base64 32)),
    region => 'eu-west-1', 'pool-id' => 'eu-west-1_Ab12Cd34E', 'gitlab-host' => 'gitlab.acme.test',
    'dex-host' => 'dex.acme.test', 'authentik-host' => 'auth.acme.test', slug => 'catalog',
    'zitadel-host' => 'acme.zitadel.cloud',
    'client-json' => file('client.json', '{"web":{"client_id":"7q3h.apps.acme","client_secret":"kX9vQ2mT7bLr4WnZ"}}'),
);

my $placeholder = qr/<([a-z][a-z-]*)>/;
my $of_httpd = qr/(?:second-)?host|certificate(?:-key)?|application/;
for my $example (@examples) {
    my $text = slurp($example, ':raw');
    my @unmarked;
    my $marked = 0;
    for my $line (split /\n/, $text) {
        if ($line =~ /^\s*#/) { $marked ||= $line =~ /# change this: \w/; next }
        $marked = 0 if $line !~ /\S/;
        push @unmarked, $line if $line =~ $placeholder && !$marked;
    }
    none \@unmarked, "$example: what has to be changed is marked";

    # First only what belongs to httpd itself, then everything.
    my $httpd = SSO::Httpd->new(modules => ['ssl'], conf => qq{SSOStateDir "\${ROOT}/state"\n$text});
    $httpd->conf($httpd->conf =~ s/<($of_httpd)>/$value{$1}/gr);
    my ($ok, $said) = $httpd->configtest;
    ok !$ok, "$example: does not start as it is";
    like $said, qr/SSO1\d\d: SSO\w+: .*(?:placeholder|does not exist)/, "$example: and says what to change";

    $httpd->conf($httpd->conf =~ s/$placeholder/$value{$1} \/\/ die "$example: no value for <$1>\n"/ger);
    ($ok, $said) = $httpd->configtest;
    ok $ok, "$example: starts with its marked lines filled in" or diag $said;
    $said =~ s/^SSO126: SSOBearerAudience: none: .*\n//m if $example =~ /bridge/; # bots; said at every start on purpose
    is $said =~ s/^Syntax OK\n//r, '', "$example: without a warning";
}

done_testing;
