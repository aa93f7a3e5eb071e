# SPDX-License-Identifier: Apache-2.0
# Who is sent to the provider and who is told 401: navigations and programs, and SSOUnauthenticated with all its values.
use lib 't/lib';
use SSO::Test;

my %locations = (
    auto => '', redirect => 'SSOUnauthenticated redirect', '401' => 'SSOUnauthenticated 401', '403' => 'SSOUnauthenticated 403',
    pass => 'SSOUnauthenticated pass', expr => qq{SSOUnauthenticated 401 "%{REQUEST_URI} =~ m#/api/#"\nSSOUnauthenticated redirect},
);
my $snippet = join "\n", map {
    "<Location /$_/>\nAuthType sso-oidc\nRequire valid-user\n$locations{$_}\n</Location>\n" .
    "<Location /$_/open/>\nRequire all granted\n</Location>"
} sort keys %locations;
my $site = site(snippet => $snippet);
my $browser = $site->browser;
my %nav = ('Sec-Fetch-Dest' => 'document', 'Sec-Fetch-Mode' => 'navigate');

sub ask {
    my ($path, %opt) = @_;
    my $method = delete $opt{method} // 'GET';
    return $site->new_browser->request($method, $site->url($path), %opt);
}

subtest 'navigations are redirected' => sub {
    my $page = ask('/auto/');
    is $page->status, 302, 'a browser that navigates';
    like $page->location, qr{/authorize\?}, 'to the provider';
    is $page->header('Cache-Control'), 'no-store', 'not cacheable';
    is $page->header('Referrer-Policy'), 'no-referrer', 'no referrer';
    is ask('/auto/', method => 'HEAD')->status, 302, 'HEAD of a navigation';
    is ask('/auto/', plain => 1, headers => {Accept => 'text/html'})->status, 302, 'an old browser: Accept names text/html';
};

subtest 'programs are told' => sub {
    my %programs = (
        'fetch()' => {fetch => 1},
        'an XHR of an old library' => {plain => 1, headers => {Accept => 'text/html', 'X-Requested-With' => 'XMLHttpRequest'}},
        'curl' => {plain => 1, headers => {Accept => '*/*'}},
        'nothing said' => {plain => 1},
        'JSON wanted' => {plain => 1, headers => {Accept => 'application/json'}},
        'a POST' => {method => 'POST', form => {a => 1}},
        'a PUT' => {method => 'PUT', body => 'x'},
        'a WebSocket' => {headers => {%nav, Upgrade => 'websocket', Connection => 'Upgrade'}},
        'a prefetch' => {headers => {%nav, 'Sec-Purpose' => 'prefetch'}},
        map { ("Sec-Fetch-Dest: $_" => {headers => {'Sec-Fetch-Dest' => $_, 'Sec-Fetch-Mode' => 'no-cors'}}) }
            qw(image script style serviceworker manifest font iframe empty),
    );
    for my $name (sort keys %programs) {
        my $page = ask('/auto/x', %{$programs{$name}});
        is $page->status, 401, $name;
        is scalar($page->headers('set-cookie')), 0, '… no cookie is set';
        is $page->json->{login_url}, '/sso/login', '… the body names the login URL';
        is $page->header('WWW-Authenticate'), 'SSO-Login', '… and the challenge is not Basic';
    }
};

subtest 'SSOUnauthenticated' => sub {
    is ask('/redirect/', fetch => 1)->status, 302, 'redirect: a program too';
    is ask('/401/')->status, 401, '401: a navigation too';
    is ask('/403/')->status, 403, '403';
    is ask('/pass/')->status, 401, 'pass, but Require needs a user: 401';
    my $open = ask('/pass/open/');
    is $open->status, 200, 'pass where Require does not need one';
    is sent_header($open, 'X-SSO-Sub'), undef, '… without an identity';
    is ask('/expr/api/x')->status, 401, 'an expression chooses 401';
    is ask('/expr/page')->status, 302, '… or the next line';
};

subtest 'the login endpoint' => sub {
    is ask('/sso/login?return=https://evil.example/')->status, 400, 'a return target elsewhere is refused';
    expect_log $site, qr/SSO202: .*reason=return-host/;
    is ask('/sso/login?return=%2F%2Fevil.example')->status, 400, 'scheme-relative too';
    is ask('/sso/login?return=/a&return=/b')->status, 400, 'duplicates too';
    expect_log $site, qr/reason=param-duplicate/;
    is ask('/sso/login?iss=https://unknown.example')->status, 400, 'an issuer that is not configured';
    expect_log $site, qr/reason=provider-unknown/;
    is ask('/sso/login?iss=')->status, 400, 'an empty issuer';
    my $third_party = ask('/sso/login?iss=' . SSO::Browser::escape($site->op->issuer) . '&target_link_uri=/protected/x');
    is $third_party->status, 302, 'third-party-initiated login';
    like $third_party->location, qr{/authorize\?}, '… goes to the provider';
    is sent(login($site, '/sso/login?return=/protected/there'))->{url}, '/protected/there', 'return= is where a login ends';
    is $browser->get($site->url('/sso/login?return=/protected/here'))->header('Location'), '/protected/here', 'signed in already: straight on';
};
allow_log $site, qr/SSO202/;
done_testing;
