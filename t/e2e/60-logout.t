# SPDX-License-Identifier: Apache-2.0
# Logout: local first, then at the provider; return targets; what was signed out stays signed out.
use lib 't/lib';
use SSO::Test;

my $site = site();
my $browser = $site->browser;
my $port = $site->httpd->port;

subtest 'logout at the provider' => sub {
    login($site, '/protected/');
    my $old = $site->session_cookie->{value};
    my $out = $browser->get($site->url('/sso/logout?return=/bye'));
    is $out->status, 302, 'redirect';
    my $query = SSO::Browser::query_of($out->location);
    like $out->location, qr{^\Q@{[$site->op->issuer]}\E/end_session\?}, 'to the end-session endpoint';
    like $query->{id_token_hint}, qr/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/, 'with the ID Token as hint';
    is $query->{client_id}, 'public', '… the client id';
    is $query->{post_logout_redirect_uri}, $site->url('/sso/logout'), '… one fixed address to come back to';
    ok !$site->session_cookie, 'the session cookie is gone';
    is scalar(grep { $_->{name} =~ /hint|-t$|login/ } $browser->jar->all), 0, 'and all others of ours';
    my $back = $browser->follow($out);
    $back = $browser->follow($back) if $back->is_redirect && $back->location =~ m{/sso/logout};
    is $back->header('Location'), '/bye', 'back at the return target' if $back->is_redirect;

    my $replay = $site->new_browser->get($site->url('/protected/'), headers => {Cookie => "sso-$port=$old"});
    is $replay->status, 302, 'the old cookie, sent again, is no session';
    expect_log $site, qr/reason=session-revoked/;
};

subtest 'without a session' => sub {
    my $page = $site->new_browser->get($site->url('/sso/logout'));
    is $page->status, 200, 'a page';
    like $page->body, qr/You are signed out/, 'that says so';
    is $site->new_browser->get($site->url('/sso/logout?return=/bye'))->header('Location'), '/bye', 'or the return target';
};

subtest 'return targets elsewhere' => sub {
    for my $target ('https://evil.example/', '//evil.example/', '/\\evil.example', 'javascript:alert(1)', "/\tx//evil.example",
        'https:evil.example', '/%09/evil.example', 'http://127.0.0.1@evil.example/', '////evil.example', '/..//evil.example') {
        my $page = $site->new_browser->get($site->url('/sso/logout?return=' . SSO::Browser::escape($target)));
        if ($page->is_redirect) { unlike $page->header('Location'), qr{^(?:https?:|//|/\\)}, "$target stays here" }
        else { is $page->status, 400, "$target is refused" }
    }
    allow_log $site, qr/SSO215: .*reason=return-/;
};

subtest 'a login that was under way when the person signed out signs nobody in' => sub {
    my $slow = $site->new_browser;
    login($site, '/protected/', browser => $slow);
    my $cookie_of_login = $slow->get($site->url('/sso/login?return=/protected/x')); # goes straight on: signed in
    is $cookie_of_login->header('Location'), '/protected/x', 'signed in';
    my $late = $site->new_browser;
    my $tab = $late->get($site->url('/protected/late'));
    my $answer = $late->follow($tab);
    my @cookies = map { "$_->{name}=$_->{value}" } $late->jar->all;
    $late->get($site->url('/sso/logout'));
    my $page = $late->request('GET', $answer->location, cookies => 0, headers => {Cookie => join '; ', @cookies});
    isnt $page->status, 200, 'the late callback is no login';
    ok !(grep { /^sso-$port=./ } $page->headers('set-cookie')), '… and sets no session';
    expect_log $site, qr/reason=login-ended/;
};

subtest 'a provider without an end-session endpoint' => sub {
    my $other = site(op => {discovery => {remove => ['end_session_endpoint']}});
    login($other, '/protected/');
    my $page = $other->browser->get($other->url('/sso/logout'));
    is $page->status, 200, 'a page of ours';
    like $page->body, qr/You are signed out/, 'says it';
    ok !$other->session_cookie, 'the session is gone';
};

subtest 'a provider that is down' => sub {
    my $other = site();
    login($other, '/protected/');
    $other->op->stop;
    my $page = $other->browser->get($other->url('/sso/logout'));
    ok !$other->session_cookie, 'does not keep anybody signed in here';
    isnt $other->browser->get($other->url('/protected/'))->status, 200, 'the page is closed';
    allow_log $other, qr/SSO201/;
};
done_testing;
