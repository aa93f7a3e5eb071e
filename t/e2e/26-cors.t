# SPDX-License-Identifier: Apache-2.0
# Scripts of other origins: preflights of those that SSOAllowOrigin names are answered, nobody else's are.
use lib 't/lib';
use SSO::Test;

my $site = site(snippet => <<'END');
SSOAllowOrigin https://app.acme.test https://other.acme.test:8443
<Location /closed/>
    AuthType sso-oidc
    Require all denied
</Location>
END
my %asked = ('Access-Control-Request-Method' => 'PUT',
    'Access-Control-Request-Headers' => 'content-type, x-request-id');
my $app = 'https://app.acme.test';
sub ask {
    my ($method, $path, %headers) = @_;
    return $site->new_browser->request($method, $site->url($path), fetch => 1, headers => \%headers);
}

subtest 'a preflight of an allowed origin' => sub {
    for my $path ('/protected/api', '/sso/session') {
        my $page = ask('OPTIONS', $path, Origin => $app, %asked);
        is $page->status, 204, "204 at $path";
        is $page->header('Access-Control-Allow-Origin'), $app, '… for this origin only';
        is $page->header('Access-Control-Allow-Credentials'), 'true', '… with cookies';
        is $page->header('Access-Control-Allow-Methods'), 'PUT', '… the method';
        is $page->header('Access-Control-Allow-Headers'), 'content-type, x-request-id', '… the headers';
        like $page->header('Vary'), qr/\bOrigin\b/, '… no cache mixes them up';
        is $page->header('Content-Length'), undef, '… no length (RFC 9110 8.6)';
        is scalar($page->headers('set-cookie')), 0, '… no cookie';
        ok !sent($page), '… and the application saw nothing';
    }
};

subtest 'others' => sub {
    my %others = ('another origin' => [Origin => 'https://evil.test', %asked],
        'its subdomain' => [Origin => 'https://x.app.acme.test', %asked],
        'another port' => [Origin => 'https://other.acme.test', %asked],
        'http' => [Origin => 'http://app.acme.test', %asked],
        'null' => [Origin => 'null', %asked], 'no origin' => [Origin => undef, %asked],
        'no preflight' => [Origin => $app]);
    for my $name (sort keys %others) {
        my $page = ask('OPTIONS', '/protected/', @{$others{$name}});
        is $page->status, 401, "$name: 401";
        is $page->header('Access-Control-Allow-Methods'), undef, '… and nothing is allowed';
        is $page->header('Access-Control-Allow-Origin'), $name eq 'no preflight' ? $app : undef,
            '… to read';
    }
    is ask('OPTIONS', '/closed/', Origin => $app, %asked)->status, 403,
        'what is closed to all stays closed';
    is ask('PUT', '/protected/', Origin => $app, %asked)->status, 401, 'only OPTIONS is a preflight';
    my $odd = ask('OPTIONS', '/protected/', Origin => $app, %asked,
        'Access-Control-Request-Headers' => 'x"y;z');
    is $odd->header('Access-Control-Allow-Headers'), undef, 'what is no list of names is not repeated';
};

subtest 'an allowed origin may read our answers' => sub {
    my $told = ask('GET', '/protected/', Origin => $app);
    is $told->status, 401, 'a program is told';
    is $told->header('Access-Control-Allow-Origin'), $app, '… and may read what';
    for my $path ('/protected/', '/sso/session') {
        is ask('GET', $path, Origin => 'https://evil.test')->header('Access-Control-Allow-Origin'), undef,
            "others may not read $path";
    }
};
allow_log $site, qr/AH01630|client denied|SSO220/;
done_testing;
