# SPDX-License-Identifier: Apache-2.0
# Sessions that are too weak: the person is asked again, but not for ever.
use lib 't/lib';
use SSO::Test;

subtest 'a provider that gives what is asked for' => sub {
    my $site = site(snippet => "<Location /protected/gold/>\nSSOStepUp gold\n</Location>");
    is login($site, '/protected/')->status, 200, 'a login';
    my $start = $site->browser->get($site->url('/protected/gold/'));
    is $start->location_query->{acr_values}, 'gold', 'the provider is asked for more';
    $site->op->control({id_token => {claims => {acr => 'gold'}}});
    my $page = $site->browser->settle($site->browser->follow($start));
    is $page->status, 200, 'and the page opens';
    is $site->browser->fetch($site->url('/protected/gold/'))->status, 200, 'for scripts too';
};

subtest 'a provider that never does' => sub {
    my $site = site(location => 'SSOStepUp gold');
    my $browser = $site->browser;
    my $page = $browser->get($site->url('/protected/'));
    my $hops = 0;
    $page = $browser->follow($page) while $page->is_redirect && $hops++ < 30;
    is $page->status, 403, 'the loop is stopped';
    like $page->body, qr/Sign-in was stopped/, 'with a page';
    expect_log $site, qr/SSO203: .*does not sign in the way this location asks.*reason=login-loop/, 'and the cause';
};

subtest 'the back button where one of several classes was given' => sub {
    my $site = site(snippet => 'SSORequireACR silver gold', op => {id_token => {claims => {acr => 'gold'}}});
    my $page = login($site, '/protected/x');
    is $page->status, 200, 'a login';
    my ($callback) = grep { $_->url =~ m{/sso/callback} } $page->hops;
    my $spent = $site->op->requests('/token');
    is $site->browser->settle($site->browser->get($callback->url))->status, 200, 'goes to the page';
    is scalar($site->op->requests('/token')), $spent, 'the code is not spent again';
};

subtest 'the login URL that a program was told, with a session that is too old' => sub {
    my $site = site(snippet => "SSOMaxAge 10\nSSOClockSkew 0",
        op => {id_token => {claims => {auth_time => {'$now' => -8}}}});
    is login($site, '/protected/')->status, 200, 'a login';
    sleep 4;
    my $told = $site->browser->fetch($site->url('/protected/'));
    is $told->status, 401, 'the program is told';
    my $login = $site->browser->get($site->url($told->json->{login_url}));
    is $login->status, 302, 'its person';
    like $login->location, qr{/authorize\?}, '… is asked again';
};
done_testing;
