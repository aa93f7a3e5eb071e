# SPDX-License-Identifier: Apache-2.0
# A login from the first request to the application's headers, for every way a client may authenticate.
use lib 't/lib';
use SSO::Test;
use Digest::SHA qw(sha256);
use MIME::Base64 qw(encode_base64url);

my %method = (public => 'none', basic => 'client_secret_basic', post => 'client_secret_post',
    jwt => 'client_secret_jwt');

for my $client (qw(public basic post jwt)) {
    subtest "client $client: $method{$client}" => sub {
        my $site = site(client => $client);
        my $browser = $site->browser;

        my $first = $browser->get($site->url('/protected/page?a=1&b=two%20words'));
        is $first->status, 302, 'a navigation without a session is redirected';
        like $first->header('cache-control'), qr/no-store/, 'and nobody keeps that answer';
        like $first->location, qr/^\Q@{[$site->op->issuer]}\E\/authorize\?/, 'to the provider';
        my $asked = $first->location_query;
        is $asked->{response_type}, 'code', 'for a code';
        is $asked->{client_id}, $client, 'as this client';
        is $asked->{redirect_uri}, $site->url('/sso/callback'), 'to come back to the callback';
        is $asked->{code_challenge_method}, 'S256', 'with PKCE S256';
        like $asked->{scope}, qr/\bopenid\b/, 'scope openid';
        ok length $asked->{state} <= 600, 'a state that every provider takes' or diag length $asked->{state};
        like $asked->{nonce}, qr/^[\w-]{43,}$/, 'an unguessable nonce';

        my $back = $browser->follow($first);
        my $signed_in = $browser->follow($back);
        like $signed_in->status, qr/^30[23]$/, 'the callback redirects';
        is $signed_in->location, $site->url('/protected/page?a=1&b=two%20words'), 'to the page that was asked for';
        my $page = $browser->follow($signed_in);
        is $page->status, 200, 'which is served now';
        is sent($page)->{url}, '/protected/page?a=1&b=two%20words', 'as it was asked for';
        is sent_header($page, 'X-SSO-Sub'), 'alice', 'sub';
        is sent_header($page, 'X-SSO-Email'), 'alice@example.com', 'email';
        is sent_header($page, 'X-SSO-Name'), 'Alice Müller', 'a name beyond ASCII';
        is sent_header($page, 'X-SSO-Preferred-Username'), 'alice', 'a name with an underscore';
        is sent_header($page, 'X-SSO-Groups'), 'admins,staff', 'a list';
        is sent_header($page, 'X-SSO-Realm-Access-Roles'), 'admin,user', 'a nested list';
        ok !defined sent_header($page, 'Cookie'), 'our cookies do not reach the application'
            or diag sent_header($page, 'Cookie');
        ok !defined sent_header($page, 'Authorization'), 'nor does any token';

        my ($request) = $site->op->requests('/token');
        is $request->{form}{grant_type}, 'authorization_code', 'one token request';
        is encode_base64url(sha256($request->{form}{code_verifier})), $asked->{code_challenge},
            'with the verifier of this login';
        is !!$request->{headers}{authorization}, $client eq 'basic', 'Authorization only for basic';
        is !!$request->{form}{client_secret}, $client eq 'post', 'client_secret only for post';
        is !!$request->{form}{client_assertion}, $client eq 'jwt', 'client_assertion only for jwt';
        is_deeply [$site->op->failures], [], 'the provider had nothing to complain of';

        my $cookie = $site->session_cookie;
        ok $cookie, 'a session cookie' or diag join ' ', $browser->jar->names;
        ok $cookie->{httponly} && $cookie->{samesite} eq 'lax' && $cookie->{host_only} && $cookie->{path} eq '/',
            'HttpOnly, SameSite=Lax, for this host only' or diag $cookie->{line};
        my $requests = $site->op->requests;
        is $browser->get($site->url('/protected/'))->status, 200, 'the next request is served at once';
        is $site->op->requests, $requests, 'without a word to the provider';
        $site->finish;
    };
}

subtest 'what only userinfo says reaches the application, and the ID token wins where both speak' => sub {
    my $site = site;
    $site->op->control({id_token => {remove => ['email'], claims => {name => 'By token'}},
        userinfo => {set => {department => 'Research', name => 'By userinfo'}}});
    my $page = login($site, '/protected/');
    is $page->status, 200, 'in';
    is sent_header($page, 'X-SSO-Department'), 'Research', 'from userinfo';
    is sent_header($page, 'X-SSO-Email'), 'alice@example.com', 'from userinfo';
    is sent_header($page, 'X-SSO-Name'), 'By token', 'from the ID token';
};

subtest 'only navigations are sent to the provider' => sub {
    my $site = site;
    my $browser = $site->browser;
    my $fetch = $browser->fetch($site->url('/protected/api'), headers => {Accept => 'application/json'});
    is $fetch->status, 401, 'fetch() gets 401';
    like $fetch->header('content-type'), qr{^application/json}, 'as JSON';
    ok $fetch->json, 'that parses';
    unlike $fetch->header('www-authenticate'), qr/^Basic/i, 'no password box';
    is_deeply [$fetch->headers('set-cookie')], [], 'no cookie';
    is $browser->post($site->url('/protected/'), form => {a => 1})->status, 401, 'a POST is not lost in a redirect';
    is $browser->get($site->url('/protected/'), headers => {'Sec-Purpose' => 'prefetch'})->status, 401,
        'nor is a prefetch';
    is $browser->get($site->url('/protected/'), plain => 1)->status, 401, 'nor a program';
    is $browser->get($site->url('/protected/'), plain => 1, headers => {Accept => 'text/html'})->status, 302,
        'an old browser without Sec-Fetch is a browser';
    is $browser->get($site->url('/open'))->status, 200, 'what is not guarded stays open';
};

subtest 'another person of the same browser and a second tab' => sub {
    my $site = site;
    my $browser = $site->browser;
    my @tabs = map { $browser->get($site->url("/protected/tab$_")) } 1 .. 3;
    my @pages = map { $browser->settle($browser->follow($_)) } reverse @tabs;
    is_deeply [map { sent($_)->{path} } @pages], ['/protected/tab3', '/protected/tab2', '/protected/tab1'],
        'each tab ends where it began';
    my @logins = grep { /sso.*login/ } $browser->jar->names;
    ok @logins <= 1, 'without a pile of cookies' or diag "@logins";
    my $other = $site->new_browser;
    is $other->get($site->url('/protected/'))->status, 302, 'a browser without cookies is nobody';
};

subtest 'a client cannot bring identity headers' => sub {
    my $site = site;
    login($site);
    my %forged = map { $_ => 'mallory' } 'X-SSO-Sub', 'x-sso-email', 'X_SSO_Name', 'X-SSO-Anything', 'X.SSO.Groups';
    for my $path ('/protected/', '/open') {
        my $page = $site->browser->get($site->url($path), headers => \%forged);
        is $page->status, 200, "$path is served";
        my @bad = grep { $_->[1] =~ /mallory/ } @{sent($page)->{raw}};
        is_deeply \@bad, [], 'nothing forged arrives';
    }
};

done_testing;
