# SPDX-License-Identifier: Apache-2.0
# Each provider's example of conf-examples, the file as it is with its marked lines filled in, in one httpd: people sign
# in at the emulation of that provider, enter /admin/ by group or role, and sign out. The port alone is another.
use lib 't/lib';
use SSO::Test;
use SSO::Emulation;
use SSO::Source ();

my $secret = 'kX9vQ2mT7bLr4WnZ8d1f5c8b3a6e0';
my ($public, $basic) = ('none', 'client_secret_basic');
my %example = ( # how the client is registered, and what the placeholders stand for
    onelogin => [$public, subdomain => 'acme'], auth0 => [$public, domain => 'acme.eu.auth0.com',
        group => 'catalog-admin'],
    okta => [$basic, 'okta-domain' => 'acme.okta.com'], google => [$basic],
    entra => [$basic, 'tenant-id' => '8eaef023-2b34-4da1-9baa-8bc8c9d6a490',
        'group-id' => '5f0c1d2e-7a64-4c59-b6de-02f1d9f4a111'],
    keycloak => [$public, 'keycloak-host' => 'login.acme.test', realm => 'staff', role => 'catalog-admin'],
    cognito => [$public, region => 'eu-west-1', 'pool-id' => 'eu-west-1_Ab12Cd34E'],
    gitlab => [$basic, 'gitlab-host' => 'gitlab.acme.test', group => 'data/owners'],
    authentik => [$basic, 'authentik-host' => 'auth.acme.test', slug => 'catalog'],
    zitadel => [$public, 'zitadel-host' => 'acme.zitadel.cloud', role => 'reader'],
    dex => [$basic, 'dex-host' => 'dex.acme.test'],
    quickstart => [$public, issuer => 'https://any.acme.test/realms/quickstart'],
    generic => [$basic, issuer => 'https://any.acme.test/realms/generic'],
    flat => [$basic, issuer => 'https://any.acme.test/realms/flat'],
    program => [$basic, issuer => 'https://any.acme.test/realms/program']);
my %kind = map { $_ => ['keycloak', host => 'any.acme.test', realm => $_] } qw(quickstart generic flat program);
sub host_of { return "sso-$_[0].acme.test" }

my $op = SSO::Emulation->new(map {
    my ($name, $host) = ($_, host_of($_));
    my ($kind, @args) = @{$kind{$name} // [$name]};
    push @args, tenant => {@{$example{entra}}[1 .. 4]}->{'tenant-id'} if $name eq 'entra';
    {kind => $kind, id => $name, @args, script => {
        $name eq 'auth0' ? (custom_claims => {"https://$host/roles" => ['catalog-admin']}) : (),
        clients => {"id-$name" => SSO::Emulation::client($example{$name}[0],
            $example{$name}[0] eq $public ? undef : $secret,
            redirect_uris => ["https://$host/sso/callback"], logout_uris => ["https://$host/sso/logout"])}}};
} sort keys %example);

my $site = $op->site(whole => '', start => 0);
my $httpd = $site->httpd;
my $plain = $httpd->write('conf/secret', "$secret\n", 0600);
my $conf = $op->reach;
for my $name (sort keys %example) {
    my ($auth, %more) = @{$example{$name}};
    my $flat = qq({"client_id":"id-$name","client_secret":"$secret"});
    my %value = (host => host_of($name), certificate => $op->{leaf}{cert}, 'certificate-key' => $op->{leaf}{key},
        'client-id' => "id-$name", 'secret-file' => $plain, group => 'Data owners', 'email-domain' => 'acme.test',
        application => $site->upstream->origin . '/',
        'client-json' => $httpd->write("conf/$name.json", $name eq 'flat' ? $flat : qq({"web":$flat}), 0600), %more);
    my $text = SSO::Source::slurp('conf-examples/' . ($name =~ /^(?:flat|program)$/ ? 'generic' : $name) . '.conf',
        ':raw');
    if ($name eq 'program') {
        my $program = $httpd->write('conf/get-secret', qq(#!/bin/sh\nprintf '%s' '$flat'\n), 0755);
        $text =~ s/file:<client-json>/exec:$program\n    SSOClientID id-program/;
    }
    $text =~ s/<([a-z][a-z-]*)>/$value{$1} \/\/ die "$name: no value for <$1>\n"/ge;
    $conf .= $text =~ s/<VirtualHost \*:443>/<VirtualHost *:\${PORT}>/r;
    $site->{resolve}{host_of($name)} = '127.0.0.1:' . $httpd->port;
}
$httpd->conf($conf);
$httpd->start;

for my $name (sort keys %example) {
    subtest "$name.conf" => sub {
        my $origin = 'https://' . host_of($name);
        my $browser = $site->new_browser;
        my $page = $browser->go("$origin/datasets?x=1");
        is $page->status, 200, 'signed in' or diag $page->summary, join "\n", ($site->log->lines(qr/SSO2/))[-1];
        is sent($page) && sent($page)->{url}, '/datasets?x=1', 'where it began';
        is sent_header($page, 'X-SSO-Sub') ? 1 : 0, 1, 'somebody';
        my $admin = $browser->go("$origin/admin/");
        is $admin->status, 200, '/admin/ by group or role' or diag join "\n", ($site->log->lines(qr/SSO2/))[-1];
        my $out = $browser->get("$origin/sso/logout");
        ok !(grep { $_->{name} eq '__Host-sso' } $browser->jar->all), 'signed out: the session is gone';
        like $browser->settle($out)->body, qr/You are signed out/, 'and people come back to a page that says so';
        is_deeply [grep { /^\Q$name\E:/ } $op->failures], [], 'the provider had nothing to complain of';
    };
}

done_testing;
