# SPDX-License-Identifier: Apache-2.0
# OneLogin as it is: SSOPreset onelogin SUBDOMAIN and a client id are all; every habit of it has a test.
use lib 't/lib';
use SSO::Test;
use SSO::Emulation;
use Time::HiRes qw(sleep);

my $secret = 'vQ2mT7bLr4WnZkX9d1f5c8b3a6e0';
my $client = \&SSO::Emulation::client;
my $op = SSO::Emulation->new({kind => 'onelogin', name => 'acme', script => {clients => {
    'seed-client' => $client->('none', undef, at => '/callback'),
    basic => $client->('client_secret_basic', $secret, at => 'basic'),
    post => $client->('client_secret_post', $secret, at => 'post'),
    pkce => $client->('none', undef, at => 'wrong'), plain => $client->('none', undef, at => 'plain'),
    bare => $client->('none', undef, at => 'bare'),
    code => $client->('none', undef, at => 'implicit', grants => ['id_token']),
    front => $client->('none', undef, at => 'front', grants => ['id_token'])}}});

# As the console is filled in: login URL /signin, redirect URI /callback, Token Endpoint None (PKCE).
my $owners = 'Require sso-claim groups "Data owners"';
my $site = $op->site(conf => <<'END', providers => {
SSOPreset      onelogin acme
SSOClientID    seed-client
SSOScope       "openid profile email groups params"
SSOLoginPath   /signin
SSORedirectURI /callback
<Location /owners/>
    AuthType sso-oidc
    Require  sso-claim groups "Data owners"
</Location>
<Location /token/>
    AuthType     sso-oidc
    Require      valid-user
    SSOPassToken access
</Location>
END
    basic => "SSOPreset onelogin acme\nSSOClientID basic\nSSOClientSecret $secret",
    post => "SSOPreset onelogin acme\nSSOClientID post\nSSOClientSecret $secret\nSSOClientAuth client_secret_post",
    wrong => "SSOPreset onelogin acme\nSSOClientID pkce\nSSOClientSecret $secret",
    plain => "SSOIssuer https://acme.onelogin.com/oidc/2\nSSOClientID plain\nSSOScope \"openid offline_access\"",
    bare => {conf => "SSOPreset onelogin acme.onelogin.com\nSSOClientID bare", require => $owners},
    implicit => "SSOPreset onelogin acme\nSSOClientID code",
    front => "SSOPreset onelogin acme\nSSOClientID front\nSSOResponseType id_token",
});
sub enter { my ($path, $browser) = @_; return login($site, $path, browser => $browser // $site->new_browser) }
sub complaints { my ($name) = @_; is_deeply [$op->failures], [], $name // 'the provider had nothing to complain of' }
sub said { my ($id) = @_; return ($site->log->lines(qr/$id/))[-1] // '' }

subtest 'preset and client id are all' => sub {
    my $first = $site->browser->get($site->url('/protected/page?x=1'));
    like $first->location, qr{^https://acme\.onelogin\.com/oidc/2/auth\?}, 'to the provider of the preset';
    my $asked = $first->location_query;
    is $asked->{code_challenge_method}, 'S256', 'PKCE';
    unlike $asked->{scope}, qr/offline_access/, 'never offline_access';
    my $page = $site->browser->settle($site->browser->follow($first));
    is $page->status, 200, 'signed in' or diag $page->summary;
    is sent($page)->{url}, '/protected/page?x=1', 'where it began';
    is sent_header($page, 'X-SSO-Email'), 'alice@acme.test', 'e-mail';
    is sent_header($page, 'X-SSO-Sub'), '104209', 'a numeric sub';
    is sent_header($page, 'X-SSO-Groups'), 'Data owners,staff', 'groups as a list';
    is sent_header($page, 'X-SSO-Params-Department'), 'Research', 'custom parameters';
    my ($token) = $op->requests('/oidc/2/token');
    ok !exists $token->{headers}{authorization}, 'no Authorization header at the token endpoint';
    is $token->{form}{client_id}, 'seed-client', 'the client id in the body';
    ok !exists $token->{form}{client_secret}, 'no secret';
    ok !(grep { $_->{headers}{cookie} && $_->{endpoint} ne 'authorize' } $op->requests),
        'the cookies of its metadata are not sent back';
    is scalar(grep { $_->{endpoint} =~ /^(?:discovery|jwks)$/ } $op->requests), 2,
        'metadata (Cache-Control: private) and keys were fetched once';
    complaints;
};

subtest 'the emulation says what was recorded, but for the host' => sub {
    my $metadata = $site->browser->get('https://acme.onelogin.com/oidc/2/.well-known/openid-configuration', plain => 1);
    open my $recorded, '<:raw', 't/op/providers/onelogin/discovery.json' or die $!;
    is $metadata->body, do { local $/; <$recorded> } =~ s/common\.onelogin\.com/acme.onelogin.com/gr,
        'the metadata byte for byte';
    is $metadata->header('cache-control'), 'private', 'Cache-Control';
    like $metadata->header('set-cookie'), qr/^ol_oidc_canary_/, 'a cookie on metadata';
    my ($key, @more) = @{$site->browser->get('https://acme.onelogin.com/oidc/2/certs', plain => 1)->json->{keys}};
    is_deeply [sort keys %$key], [qw(e kid kty n status use)], 'a key without alg, with status';
    is scalar(@more), 0, 'one key';
};

subtest 'confidential applications: Basic, POST' => sub {
    for my $auth (qw(basic post)) {
        $op->reset;
        is enter("/$auth/")->status, 200, "$auth: signed in";
        my ($token) = $op->requests('/oidc/2/token');
        is !!$token->{headers}{authorization}, $auth eq 'basic', "$auth: Authorization";
        is !!$token->{form}{client_secret}, $auth eq 'post', "$auth: client_secret";
        ok $token->{form}{code_verifier}, "$auth: PKCE all the same";
        complaints;
    }
};

subtest 'a secret for an application whose Token Endpoint is None: 401 there, and the log says so' => sub {
    $op->reset;
    refused $site, enter('/wrong/'), qr/^502$/, 'token-invalid-client', 'no session';
    like said('SSO206'), qr/invalid_client: token: client_secret_basic instead of none/,
        'with the words of the provider';
};

subtest 'a code without its verifier is refused there with 400' => sub {
    my $browser = $site->new_browser;
    my $answer = $browser->follow($browser->get($site->url('/protected/')));
    my ($code) = $answer->location =~ /code=([^&]+)/;
    my $token = $browser->request('POST', 'https://acme.onelogin.com/oidc/2/token', plain => 1, form => {
        grant_type => 'authorization_code', code => $code, client_id => 'seed-client',
            redirect_uri => $site->url('/callback')});
    is $token->status, 400, 'so a stolen code is worth nothing';
    is $token->json->{error}, 'invalid_grant', 'invalid_grant';
};

subtest 'offline_access: refused at the start; without the preset the provider answers with an error' => sub {
    $op->reset;
    refused $site, enter('/plain/'), qr/^403$/, 'provider-invalid-scope', 'the error of the provider is shown';
    my $wrong = $op->site(conf => "SSOPreset onelogin acme\nSSOClientID id-1\nSSOScope \"openid offline_access\"",
        start => 0);
    my ($ok, $said) = $wrong->httpd->configtest;
    ok !$ok, 'with the preset it does not start';
    like $said, qr/SSO154: SSOScope: offline_access makes an error at onelogin; remove it/, 'and says why';
    $wrong = $op->site(conf => "SSOPreset onelogin {SUBDOMAIN}\nSSOClientID id-1", start => 0);
    ($ok, $said) = $wrong->httpd->configtest;
    ok !$ok, 'nor with a placeholder';
    like $said, qr/SSO152: SSOPreset: "\{SUBDOMAIN\}" still holds a placeholder/, 'and says so';
};

subtest 'groups: asked for by scope; a list, or one text with semicolons' => sub {
    $op->reset;
    is enter('/owners/')->status, 200, 'as a list';
    $op->control({onelogin => {groups_shape => 'text'}});
    my $page = enter('/owners/');
    is $page->status, 200, 'as "Data owners;staff"';
    is sent_header($page, 'X-SSO-Groups'), 'Data owners,staff', 'the application sees the same';
    $op->control({onelogin => {user => {groups => [' Data owners ', '', 'x,y']}}});
    is sent_header(enter('/owners/'), 'X-SSO-Groups'), 'Data owners,x%2Cy', 'blanks and empty parts do not count';
    $op->control({onelogin => {groups_shape => 'array', user => {groups => ['x;Data owners']}}});
    is enter('/owners/')->status, 403, 'a list is not cut: its values are names as they are';
    is enter('/bare/')->status, 403, 'without the scope there are no groups, and a rule on them denies';
};

subtest 'the login URL of the application: the tile of the portal, and third parties' => sub {
    $op->reset;
    my $browser = $site->new_browser;
    my $page = $browser->go($site->url('/signin'), site => 'cross-site');
    is $page->status, 200, 'the tile signs in';
    is sent($page)->{path}, '/', 'and ends at the start page';
    is $browser->get($site->url('/signin'))->header('location'), '/', 'once more: no second login';
    my $link = $site->new_browser;
    $page = $link->go($site->url('/signin?iss=https%3A%2F%2Facme.onelogin.com%2Foidc%2F2&target_link_uri='
        . SSO::Browser::escape($site->url('/protected/report'))));
    is sent($page)->{path}, '/protected/report', 'iss and target_link_uri (OIDC Core 4)';
    is $link->get($site->url('/signin?iss=https%3A%2F%2Fevil.example'))->status, 400, 'another issuer is refused';
    expect_log $site, qr/SSO202: .*reason=provider-unknown/;
    is $link->get($site->url('/signin?target_link_uri=https%3A%2F%2Fevil.example%2F'))->status, 400,
        'and another target';
    expect_log $site, qr/SSO202: .*reason=return-host/;
    complaints 'redirect URI /callback as registered';
};

subtest 'a refresh token that nobody asked for is used' => sub {
    $op->reset->control({onelogin => {expires_in => 4}});
    my $page = enter('/token/');
    my $first = sent_header($page, 'Authorization');
    like $first, qr/^Bearer \S+$/, 'the access token reaches the application';
    sleep 2.4;
    isnt sent_header($page->{browser}->get($site->url('/token/')), 'Authorization'), $first,
        'renewed before it expired';
    my ($request) = grep { ($_->{form}{grant_type} // '') eq 'refresh_token' } $op->requests;
    ok $request && !$request->{headers}{authorization}, 'as a public client';
    complaints;
};

subtest 'logout: with the hint back to us, without it people stay at the portal' => sub {
    $op->reset;
    my $browser = enter('/protected/')->{browser};
    my $out = $browser->get($site->url('/sso/logout?return=/bye'));
    like $out->location, qr{^https://acme\.onelogin\.com/oidc/2/logout\?}, 'to its logout';
    my $asked = $out->location_query;
    like $asked->{id_token_hint}, qr/^eyJ/, 'with the ID token';
    is $asked->{post_logout_redirect_uri}, $site->url('/sso/logout'), 'and the registered address';
    is sent($browser->settle($browser->follow($out)))->{path}, '/bye', 'back where it was asked to go';
    my $stay = $browser->go($out->location =~ s/id_token_hint=[^&]*&//r);
    like $stay->body, qr/You are signed out of the portal/, 'a link without the hint ends there';
    complaints;
};

subtest 'its one key is replaced between two logins' => sub {
    $op->reset;
    is enter('/protected/')->status, 200, 'with the first key';
    $op->control({onelogin => {keys => ['k2'], sign => 'k2'}});
    is enter('/protected/')->status, 200, 'with the second';
    is scalar(grep { $_->{endpoint} eq 'jwks' } $op->requests), 1, 'after one look at its keys';
    $op->control({onelogin => {sign => 'attacker'}});
    refused $site, enter('/protected/'), qr/^502$/, 'jwks-unknown-kid', 'a key that it does not publish';
    $op->control({onelogin => {sign => 'k2'}});
};

subtest 'HS256 is announced there and never accepted' => sub {
    $op->control({onelogin => {id_token => {alg => 'HS256'}}});
    refused $site, enter('/basic/'), qr/^\d+$/, 'jws-alg-not-allowed', 'not with a secret';
    $op->control({onelogin => {id_token => {alg => 'HS256', key => 'empty'}}});
    refused $site, enter('/protected/'), qr/^\d+$/, 'jws-alg-not-allowed', 'nor without';
};

subtest 'an application that may use the implicit flow only' => sub {
    $op->reset;
    refused $site, enter('/implicit/'), qr/^403$/, 'provider-unauthorized-client', 'the code flow is refused';
    like said('SSO205'), qr/turn the code flow on for this client there, or write SSOResponseType id_token/,
        'the log says which directive to write';
    $op->reset;
    my $page = enter('/front/x');
    is $page->status, 200, 'SSOResponseType id_token signs in' or diag said('SSO20');
    is sent($page)->{path}, '/front/x', 'where it began';
    my ($posted) = grep { $_->{request}{method} eq 'POST' } @{$page->{hops}};
    is $posted->{request}{url}, $site->url('/sso/callback/front'), 'the token came in the body of a POST';
    ok !(grep { $_->{endpoint} eq 'token' } $op->requests), 'without the token endpoint';
    my $again = $site->new_browser->post($site->url('/sso/callback/front'), form => {state => 'x', id_token => 'y'},
        site => 'cross-site');
    is $again->status, 400, 'a POST from elsewhere is refused';
    expect_log $site, qr/SSO204: .*reason=box-malformed/;
};

done_testing;
