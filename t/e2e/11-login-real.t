# SPDX-License-Identifier: Apache-2.0
# The certified oidc-provider: sign in with its pages, come back, sign out with it.
use lib 't/lib';
use SSO::Test;

for my $client (qw(public basic post)) {
    subtest "client $client" => sub {
        my $site = site(provider => 'real', client => $client);
        my $page = login($site, '/protected/');
        is $page->status, 200, 'alice is in' or diag join "\n", map { $_->summary } $page->hops;
        is sent_header($page, 'X-SSO-Email'), 'alice@example.com', 'email';
        is sent_header($page, 'X-SSO-Realm-Access-Roles'), 'catalog-admin,catalog-reader', 'nested roles';
        my $bob = $site->new_browser;
        $page = login($site, '/protected/', user => 'bob', browser => $bob);
        is sent_header($page, 'X-SSO-Sub'), 'bob', 'bob is bob in his browser';
        is sent_header($site->browser->get($site->url('/protected/')), 'X-SSO-Sub'), 'alice',
            'and alice is alice in hers';
        $site->finish;
    };
}

for my $alg (qw(PS256 ES256 EdDSA)) {
    subtest "ID token signed with $alg" => sub {
        my $site = site(provider => 'none', start => 0);
        my $clients = [{client_id => 'public', token_endpoint_auth_method => 'none',
            redirect_uris => [$site->url('/sso/callback')],
            id_token_signed_response_alg => $alg}];
        $site->{op} = SSO::OP->real({origin => $site->origin, clients => $clients});
        $site->httpd->conf($site->_conf);
        $site->httpd->start;
        is login($site, '/protected/')->status, 200, 'alice is in';
        $site->finish;
    };
}

subtest 'signing out ends the session here and at the provider' => sub {
    my $site = site(provider => 'real');
    login($site);
    my $browser = $site->browser;
    my $out = $browser->get($site->url('/sso/logout?return=/bye'));
    like $out->status, qr/^30[23]$/, 'a redirect';
    like $out->location, qr/^\Q@{[$site->op->issuer]}\E/, 'to the provider';
    my $asked = $out->location_query;
    ok $asked->{id_token_hint}, 'with the ID token as a hint';
    ok !$site->session_cookie, 'the session cookie is gone at once';
    is $browser->get($site->url('/protected/'))->status, 302, 'and so is the session';
    my $page = $browser->settle($browser->follow($out));
    $page = $browser->settle($browser->submit($page, {}, button => 'logout'));
    is $page->url, $site->url('/bye'), 'the way ends where the link said'
        or diag join "\n", map { $_->summary } $page->hops;
    my $again = $browser->go($site->url('/protected/'));
    ok((grep { ($_->{name} // '') eq 'password' } map { @{$_->{controls}} } $again->forms),
        'the provider asks for the password again')
        or diag $again->summary;
};

subtest 'a person who says no gets a page, not a loop' => sub {
    my $site = site(provider => 'real', op => {consent => true});
    my $browser = $site->browser;
    my $page = login($site, '/protected/');
    like $page->body, qr/asks for/, 'the consent page';
    my ($deny) = grep { ($page->forms)[$_]{action} =~ /abort/ } 0 .. 1;
    my $end = $browser->settle($browser->submit($page, {}, form => $deny));
    like $end->status, qr/^4/, 'an error page' or diag join "\n", map { $_->summary } $end->hops;
    ok !$site->session_cookie, 'no session';
    expect_log $site, qr/SSO\d+: .*reason=\S+/, 'a line in the log';
};

done_testing;
