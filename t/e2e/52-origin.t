# SPDX-License-Identifier: Apache-2.0
# Which address the provider is told to come back to: ServerName, aliases, wildcards, IPv6, ports, and what proxies say.
use lib 't/lib';
use SSO::Test;

my $op = SSO::OP->scripted;
my $conf = "SSOIssuer @{[$op->issuer]}\nSSOClientID public";
my $site = site(provider => $op, server => <<"END");
SSODevelopment On
SSOStateDir "\${ROOT}/state"
$conf
<Location /protected/>
    AuthType sso-oidc
    Require valid-user
</Location>
<VirtualHost *:\${PORT}>
    ServerName localhost
    ServerAlias alias.localhost *.wild.localhost [::1]
</VirtualHost>
<VirtualHost *:\${PORT}>
    ServerName https://public.localhost
</VirtualHost>
<VirtualHost *:\${PORT}>
    ServerName behind.localhost
    SSOTrustedProxy 127.0.0.1/32
</VirtualHost>
<VirtualHost *:\${PORT}>
    ServerName elsewhere.localhost
    SSOTrustedProxy 10.0.0.0/8
</VirtualHost>
END
my $port = $site->httpd->port;

# The origin of the redirect URI; the status when there is none.
sub origin {
    my ($host, %headers) = @_;
    my $page = $site->new_browser->get($site->url('/protected/'), headers => {Host => $host, %headers});
    return $page->status if !$page->is_redirect;
    return $page->location_query->{redirect_uri} =~ s{/sso/callback$}{}r;
}

subtest 'names of the server' => sub {
    is origin("localhost:$port"), "http://localhost:$port", 'ServerName';
    is origin("LOCALHOST:$port"), "http://localhost:$port", 'in capitals';
    is origin("alias.localhost:$port"), "http://alias.localhost:$port", 'an alias';
    is origin("a.wild.localhost:$port"), "http://a.wild.localhost:$port", 'a wildcard';
    is origin("[::1]:$port"), "http://[::1]:$port", 'IPv6, which httpd takes as an alias only';
    is origin('public.localhost'), 'https://public.localhost', 'the scheme of ServerName';
    is origin("public.localhost:$port"), 'https://public.localhost', '… and its port';
    is origin($_), 421, "$_ is not ours" for 'evil.example', "wild.localhost.evil.example:$port", "localhost.evil:$port";
    is origin($_), 400, "httpd itself refuses '$_'" for 'localhost@evil.example', '';
    expect_log $site, qr/SSO201: .*reason=host-unknown/ for 1 .. 3;
    allow_log $site, qr/reason=host-unknown|AH\d+/;
};

subtest 'what a trusted proxy says' => sub {
    my $at = "behind.localhost:$port";
    is origin($at, 'X-Forwarded-Proto' => 'https'), "https://behind.localhost:$port", 'the protocol';
    is origin($at, 'X-Forwarded-Proto' => 'https', 'X-Forwarded-Host' => 'behind.localhost'), 'https://behind.localhost',
        'the host';
    is origin($at, 'X-Forwarded-Proto' => 'https', 'X-Forwarded-Port' => '8443'), 'https://behind.localhost:8443',
        'the port';
    is origin($at, Forwarded => 'for=1.2.3.4;proto=https;host="behind.localhost"'), 'https://behind.localhost',
        'Forwarded';
    is origin($at, 'X-Forwarded-Host' => 'evil.example, behind.localhost', 'X-Forwarded-Proto' => 'http, https'),
        'https://behind.localhost', 'what it appended, not what the client sent';
    is origin($at, 'X-Forwarded-Host' => 'evil.example', 'X-Forwarded-Proto' => 'https'), 421,
        'a host that is not ours is not taken';
    is origin($at, 'X-Forwarded-Proto' => 'gopher'), 421, 'nor is another protocol';
    is origin($at, 'X-Forwarded-Proto' => 'https', 'X-Forwarded-Port' => $_), 403, "port '$_'"
        for '0', '65536', '1x', '-1';
    allow_log $site, qr/SSO201/;
};

subtest 'what others say does not count' => sub {
    my %says = ('X-Forwarded-Proto' => 'https', 'X-Forwarded-Host' => 'evil.example', 'X-Forwarded-Port' => '1',
        Forwarded => 'proto=https;host=evil.example', 'X-Forwarded-For' => '10.1.2.3');
    is origin("elsewhere.localhost:$port", %says), "http://elsewhere.localhost:$port", 'a peer that is not the proxy';
    is origin("localhost:$port", %says), "http://localhost:$port", 'where no proxy is trusted';
};
done_testing;
