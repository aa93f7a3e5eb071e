# SPDX-License-Identifier: Apache-2.0
# Auth0 as it is: SSOPreset auth0 DOMAIN and a client id are all, in tenants old and new; every habit of it has a test.
use lib 't/lib';
use SSO::Test;
use SSO::Emulation;
use Time::HiRes qw(sleep);

my $secret = 'T0pvQ2mT7bLr4WnZkX9d1f5c8b3a6e0_-aQ';
my $client = \&SSO::Emulation::client;
my %clients = (app => $client->('none'), basic => $client->('client_secret_basic', $secret, at => 'basic'),
    post => $client->('client_secret_post', $secret, at => 'post'), old => $client->('none', undef, at => 'old'),
    org => $client->('none', undef, at => 'org'), api => $client->('none', undef, at => 'api'),
    spa => $client->('none', undef, at => 'spa', grants => ['id_token']));
my $op = SSO::Emulation->new(
    {kind => 'auth0', domain => 'acme.eu.auth0.com', script => {clients => \%clients}},
    {kind => 'auth0', id => 'older', domain => 'older.auth0.com', variant => 'old', script => {clients => \%clients}});
my $preset = "SSOPreset auth0 acme.eu.auth0.com\n";
my $site = $op->site(httpd => {servers => 4}, conf => <<'END', providers => {
SSOPreset   auth0 acme.eu.auth0.com
SSOClientID app
SSOScope    "openid profile email offline_access"
<Location /roles/>
    AuthType sso-oidc
    Require  sso-claim https://acme.test/roles catalog-admin
</Location>
<Location /groups/>
    AuthType sso-oidc
    Require  sso-claim groups admins
</Location>
<Location /token/>
    AuthType     sso-oidc
    Require      valid-user
    SSOPassToken access
</Location>
END
    basic => "${preset}SSOClientID basic\nSSOClientSecret $secret",
    post => "${preset}SSOClientID post\nSSOClientSecret $secret\nSSOClientAuth client_secret_post",
    old => "SSOPreset auth0 older.auth0.com\nSSOClientID old",
    org => {conf => "${preset}SSOClientID org\nSSOAuthParam organization org_acme",
        require => 'Require sso-claim org_id org_acme'},
    api => {conf => "${preset}SSOClientID api\nSSOAuthParam audience https://catalog.acme.test/api",
        location => 'SSOPassToken access'},
    spa => "${preset}SSOClientID spa",
});
sub enter { my ($path, $browser) = @_; return login($site, $path, browser => $browser // $site->new_browser) }
sub complaints { my ($name) = @_; is_deeply [$op->failures], [], $name // 'the provider had nothing to complain of' }
sub asked { my ($endpoint) = @_; return grep { ($_->{endpoint} // '') eq $endpoint } $op->requests }

subtest 'the Domain is enough; a public client though the metadata lists no method none' => sub {
    my $page = enter('/protected/');
    is $page->status, 200, 'signed in' or diag $page->summary;
    is sent_header($page, 'X-SSO-Iss'), 'https://acme.eu.auth0.com/', 'the issuer with its slash';
    is sent_header($page, 'X-SSO-Sub'), 'auth0|64a1f2c09e7d', 'a sub with a bar';
    is((asked('discovery'))[0]{path}, '/.well-known/openid-configuration',
        'the metadata at the issuer without its slash');
    my ($token) = asked('token');
    ok !$token->{headers}{authorization} && !$token->{form}{client_secret} && $token->{form}{client_id} eq 'app',
        'no secret';
    ok $token->{form}{code_verifier}, 'PKCE';
    complaints;
};

subtest 'confidential applications: Basic, POST' => sub {
    for my $auth (qw(basic post)) {
        $op->reset;
        is enter("/$auth/")->status, 200, "$auth: signed in";
        my ($token) = asked('token');
        is !!$token->{headers}{authorization}, $auth eq 'basic', "$auth: Authorization";
        is !!$token->{form}{client_secret}, $auth eq 'post', "$auth: client_secret";
        complaints;
    }
};

subtest 'claims of an Action: namespaced ones get short headers, reserved names are dropped there' => sub {
    $op->reset;
    my $page = enter('/roles/');
    is $page->status, 200, 'a rule names the claim in full';
    is sent_header($page, 'X-SSO-Roles'), 'catalog-admin,reader', 'its header is short';
    $op->control({auth0 => {custom_claims => {groups => ['admins'], roles => ['x'],
        'https://acme.test/roles' => ['reader'],
        'https://other.test/roles' => ['y'], 'https://acme.test/email' => 'boss@acme.test'}}});
    $page = enter('/protected/');
    is sent_header($page, 'X-SSO-Https---Acme-Test-Roles'), 'reader', 'two of one end: the whole name';
    is sent_header($page, 'X-SSO-Https---Other-Test-Roles'), 'y', '… both';
    is sent_header($page, 'X-SSO-Email'), 'alice@acme.test', 'a namespaced email is not the address';
    is sent_header($page, 'X-SSO-Groups'), undef, 'groups is reserved and does not come';
    is enter('/groups/')->status, 403, 'so a rule on it denies';
    is enter('/roles/')->status, 403, 'and so does a role that is not there';
};

subtest 'logout: announced or not, and without an ID token' => sub {
    $op->reset;
    for (['new tenant', '/protected/', 'https://acme.eu.auth0.com'], ['old tenant, which does not announce it', '/old/',
        'https://older.auth0.com']) {
        my ($name, $path, $origin) = @$_;
        my $browser = enter($path)->{browser};
        my $out = $browser->get($site->url('/sso/logout?return=/bye'));
        like $out->location, qr{^\Q$origin\E/oidc/logout\?id_token_hint=eyJ}, "$name: /oidc/logout with the ID token";
        is sent($browser->settle($browser->follow($out)))->{path}, '/bye', "$name: and back";
    }
    my $browser = enter('/protected/')->{browser};
    my @cookies = map { "$_->{name}=$_->{value}" } grep { $_->{name} !~ /hint/ } $browser->jar->all;
    my $out = $site->new_browser->get($site->url('/sso/logout'), headers => {Cookie => join '; ', @cookies});
    is $out->location, 'https://acme.eu.auth0.com/v2/logout?client_id=app&returnTo='
        . SSO::Browser::escape($site->url('/sso/logout')), 'without it: /v2/logout with the application';
    my $back = $site->new_browser->settle($site->new_browser->get($out->location));
    like $back->body, qr/You are signed out/, 'and back to the page that says so';
    complaints 'every return address was registered';
};

subtest 'refresh: rotation with an overlap, one worker refreshes, the second to last token ends the family' => sub {
    $op->reset->control({auth0 => {expires_in => 4}});
    my $page = enter('/token/');
    my $first = sent_header($page, 'Authorization');
    sleep 2.4;
    my $cookie = $site->session_cookie($page->{browser});
    my $url = $site->url('/token/');
    open my $out, '-|', 'curl', '-s', '--stderr', '/dev/null', '--cacert', $site->{authority}->ca, '--connect-to',
        "sso.acme.test:443:127.0.0.1:@{[$site->httpd->port]}", '--parallel', '--parallel-max', 20,
            '--parallel-immediate',
        '-o', '/dev/null', '-w', '%{http_code}\n', '-H', "Cookie: $cookie->{name}=$cookie->{value}", "$url?[1-20]"
        or die "curl: $!";
    chomp(my @status = <$out>);
    is_deeply [grep { $_ ne '200' } @status], [], 'twenty requests at once are served';
    my @refresh = grep { ($_->{form}{grant_type} // '') eq 'refresh_token' } asked('token');
    is scalar(@refresh), 1, 'by one refresh, though four children had them';
    isnt sent_header($page->{browser}->get($url), 'Authorization'), $first, 'with a new token';
    complaints;
    sleep 2.4;
    $page->{browser}->get($url);
    @refresh = map { $_->{form}{refresh_token} } grep { ($_->{form}{grant_type} // '') eq 'refresh_token' } asked('token');
    is scalar(@refresh), 2, 'a second refresh with the second token';
    isnt $refresh[0], $refresh[1], 'never the old one again';
    my $thief = $site->new_browser->request('POST', 'https://acme.eu.auth0.com/oauth/token', plain => 1,
        form => {grant_type => 'refresh_token', refresh_token => $refresh[0], client_id => 'app'});
    is $thief->json->{error}, 'invalid_grant', 'a stolen second-to-last token: invalid_grant';
    sleep 2.4;
    is $page->{browser}->get($url)->status, 302, 'the family is dead: the person signs in again';
    expect_log $site, qr/SSO241: the provider has ended the session: .*reason=token-invalid-grant/;
};

subtest 'audience: an access token of ours to pass on; without it an opaque one' => sub {
    $op->reset;
    my $page = enter('/api/');
    my ($jwt) = sent_header($page, 'Authorization') =~ /^Bearer (\S+)$/;
    is scalar(split(/\./, $jwt)), 3, 'SSOAuthParam audience: a JWT';
    is((asked('authorize'))[0]{query}{audience}, 'https://catalog.acme.test/api', 'was asked for');
    unlike sent_header(enter('/token/'), 'Authorization'), qr/\./, 'opaque otherwise, and never looked into';
};

subtest 'organizations' => sub {
    $op->reset;
    my $page = enter('/org/');
    is $page->status, 200, 'SSOAuthParam organization';
    is((asked('authorize'))[0]{query}{organization}, 'org_acme', 'was asked for');
    is sent_header($page, 'X-SSO-Org-Id'), 'org_acme', 'the application sees it';
    $op->control({auth0 => {org => 'org_evil'}});
    is enter('/org/')->status, 403, 'somebody of another organization is kept out by the rule on org_id';
    is sent_header(enter('/protected/'), 'X-SSO-Org-Id'), 'org_evil',
        'not asked for: told to the application, for a rule to judge';
};

subtest 'back-channel logout: by sid, by sub' => sub {
    $op->reset;
    my $hook = sub { $site->new_browser->request('POST', $site->url('/sso/backchannel-logout'), plain => 1,
        form => {logout_token => $op->logout_token(provider => 'auth0', client => 'app', @_)}) };
    my ($one, $two) = map { enter('/protected/') } 1 .. 2;
    my $sid = sent_header($one, 'X-SSO-Sid');
    is $hook->(claims => {sid => $sid}, remove => ['sub'])->status, 200, 'a token with sid alone';
    is $one->{browser}->get($site->url('/protected/'))->status, 302, 'ends that session';
    is $two->{browser}->get($site->url('/protected/'))->status, 200, 'and no other';
    is $hook->()->status, 200, 'a token with sub alone';
    is $two->{browser}->get($site->url('/protected/'))->status, 302, 'ends all of the person';
    is $hook->(claims => {nonce => 'n'})->status, 400, 'with a nonce it is refused';
    expect_log $site, qr/SSO217: .*reason=blt-nonce/;
};

subtest 'third-party-initiated login' => sub {
    $op->reset;
    my $page = $site->new_browser->go($site->url('/sso/login?iss=https%3A%2F%2Facme.eu.auth0.com%2F&target_link_uri='
        . SSO::Browser::escape($site->url('/protected/there'))));
    is sent($page)->{path}, '/protected/there', 'iss with the slash, and the target';
    $page = $site->new_browser->go($site->url('/sso/login?iss=https%3A%2F%2Folder.auth0.com%2F'));
    ok((grep { $_->{host} eq 'older.auth0.com' && $_->{endpoint} eq 'authorize' } $op->requests),
        'the issuer chooses the provider');
};

subtest 'an application without the code grant is told what to write' => sub {
    $op->reset;
    refused $site, enter('/spa/'), qr/^403$/, 'provider-unauthorized-client', 'refused';
    like +($site->log->lines(qr/SSO205/))[-1], qr/write SSOResponseType id_token/, 'with the directive';
};

subtest 'keys: current and next; a signature with the next one needs no call' => sub {
    $op->reset->control({auth0 => {sign => 'k2'}});
    is enter('/protected/')->status, 200, 'the next key';
    is scalar(asked('jwks')), 0, 'was known already';
    $op->control({auth0 => {keys => ['k2', 'k3'], sign => 'k3'}});
    is enter('/protected/')->status, 200, 'a key after that';
    is scalar(asked('jwks')), 1, 'took one look';
};

subtest 'max-age=15 and twenty calls a minute: many children, many sign-ins, forged key ids' => sub {
    $op->control({auth0 => {limits => {jwks => 1}}});
    is enter('/protected/')->status, 200, "sign-in $_" for 1 .. 12;
    is scalar(asked('jwks')), 1, 'twelve people in four children: not one more look at the keys';
    is scalar(asked('discovery')), 0, 'nor at the metadata';
    $op->control({auth0 => {sign => 'attacker'}});
    allow_log $site, qr/SSO207: .*reason=(?:jwks-unknown-kid|keys-refetch-limited)/;
    isnt enter('/protected/')->status, 200, "forged key $_" for 1 .. 8;
    cmp_ok scalar(asked('jwks')), '<=', 5, 'forged key ids do not use the limit up';
    ok((grep { /jwks: rate limit/ } $op->failures), 'the provider answered 429');
    $op->control({auth0 => {sign => 'k3'}});
    is enter('/protected/')->status, 200, 'keys that cannot be had anew go on serving';
};

subtest 'the issuer without its slash, and a Domain with https://' => sub {
    my $wrong = $op->reset->site(conf => "SSOIssuer https://acme.eu.auth0.com\nSSOClientID app");
    my $page = login($wrong, '/protected/');
    is $page->status, 502, 'no login';
    expect_log $wrong, qr{reason=disc-issuer-slash}, 'the log says that it is the slash';
    like +($wrong->log->lines(qr/SSO201/))[-1],
        qr{only the slash at the end differs: configured https://acme\.eu\.auth0\.com, }, 'and what to write';
    $wrong->finish;
    $wrong = $op->site(conf => "SSOPreset auth0 https://acme.eu.auth0.com/\nSSOClientID app", start => 0);
    my ($ok, $said) = $wrong->httpd->configtest;
    ok !$ok, 'does not start';
    like $said, qr/SSO153: SSOPreset: the argument of auth0 is DOMAIN without https/, 'and says why';
};

done_testing;
