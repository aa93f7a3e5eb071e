# SPDX-License-Identifier: Apache-2.0
# SSOBridge over time: silent logins, logout that really ends, expiry, the first page after a login, a base path, bots,
# the WebSocket.
use lib 't/lib';
use SSO::Test;
use SSO::Bridge;

use MIME::Base64 qw(encode_base64);

my %httpd = (servers => 1, threads => 16, loglevel => 'notice sso_oidc:info');
my $bots = SSO::OP->scripted; # stands for OpenMetadata's own key set
my $op = SSO::OP->scripted;
my $site = site(httpd => \%httpd, provider => $op, server => <<"END");
SSODevelopment On
SSOStateDir "\${ROOT}/state"
SSOIssuer @{[$op->issuer]}
SSOClientID public
ProxyPass / \${UPSTREAM}/ upgrade=websocket
<Location "/protected/">
    AuthType sso-oidc
    Require valid-user
</Location>
SSOBearerIssuer open-metadata.org @{[$bots->origin]}/jwks
SSOBearerAudience none
<Location "/om/">
    AuthType sso-oidc
    <RequireAny>
        Require sso-claim email alice\@example.com bob\@example.com
        Require sso-claim isBot true
    </RequireAny>
    SSOBridge openmetadata fragment
    SSOMintAudience openmetadata
    SSOAccept session bearer
    SSOMintLifetime 10m
</Location>
<Location "/om/closed/">
    Require ip 192.0.2.1
</Location>
END
allow_log $site, qr/SSO126: SSOBearerAudience: none/, qr/AH0163[01]/;
my $origin = $site->origin;
my $call = login_call($site, '/om');
my $api = '/om/api/v1/tables';
sub call { return xhr($site, @_) }

sub asked { my ($page) = @_; my ($hop) = grep { ($_->location // '') =~ m{/authorize\?} } $page->hops; return $hop ? {SSO::Browser::query_of($hop->location)} : {} }
sub out { my ($browser) = @_; return scalar grep { $_->{name} =~ /-out$/ } $browser->jar->all }

my ($browser, $token, $page) = signed_in($site, call => $call);
subtest 'below a base path, in the fragment' => sub {
    my ($hop) = grep { token_of($_->location) } $page->hops;
    like $hop->location, qr{^\Q$origin\E/om/auth/callback#id_token=[\w.-]+&email=alice%40example.com&name=Alice%20M%C3%BCller$}, 'handed over';
    my $claims = claims_of($token);
    is $claims->{exp} - $claims->{iat}, 600, 'as long as SSOMintLifetime says';
    is call($browser, 'GET', $api, $token)->status, 200, 'a call';
    is call($browser, 'GET', '/om/api/v1/system/config/auth')->json->{callbackUrl}, "$origin/om/callback", 'config/auth';
    is call($browser, 'GET', '/om/api/v1/auth/refresh')->status, 200, 'refresh';
    is $browser->get($site->url('/api/v1/system/config/auth'))->json->{path}, '/api/v1/system/config/auth', 'nothing beside it';
    is $browser->get($site->url("/om/api/v1/auth/login?redirectUri=$origin/auth/callback"))->status, 400, 'not another base\'s page';
    expect_log $site, qr/SSO252/;
};

subtest 'the first page after a login goes through the interface\'s callback page' => sub {
    my $long = 'a%20' x 400; # fits the login's own cookie, not the interface's
    for my $case (['/om/my-data?x=1', '/om/my-data?x=1', '/my-data?x=1'], ['/om/', '/om/', undef],
        ['/sso/login?return=/om/table/a%2520b', '/om/table/a%20b', '/table/a%20b'],
        ["/om/$long", "/om/$long", undef]) {
        my ($start, $path, $kept) = @$case;
        my $person = $site->new_browser;
        my $end = login($site, $start, browser => $person);
        my ($hop) = grep { token_of($_->location) } $end->hops;
        ok $hop, "$start: a marker without a click" or next;
        is $hop->url, $site->url($path), 'in place of the page';
        my $cookie = $person->cookie('redirectUrlPath', $site->url('/om/'));
        is $cookie && SSO::Browser::unescape($cookie), $kept, 'the interface finds where it wanted to go';
        is call($person, 'GET', $api, token_of($hop->location))->status, 200, 'the marker works';
        is $person->get($site->url('/om/next'))->status, 200, 'the next page is a page';
    }
    my $other = $site->new_browser;
    is login($site, '/protected/x', browser => $other)->status, 200, 'a page beside the bridge is not touched';
    my $later = $other->go($site->url('/sso/login?return=/om/'));
    ok grep({ token_of($_->location) } $later->hops), 'the portal with a session: a marker too';
};

subtest 'the silent login shows nothing' => sub {
    my $person = $site->new_browser;
    my $silent = sub { return $person->go($site->url("$call&prompt=none")) };
    for my $error (qw(login_required interaction_required consent_required account_selection_required access_denied server_error)) {
        $site->op->control({authorize => {error => $error}});
        my $end = $silent->();
        is asked($end)->{prompt}, 'none', "$error: asked silently";
        is $end->url, "$origin/om/signin", '… ends at the sign-in page';
        is $end->status, 200, '… of the interface';
        expect_log $site, qr/SSO253: .*reason=provider-[\w-]+/, '… and says why';
    }
    $site->op->reset;
    $site->op->control({token => {status => 500}});
    is $silent->()->url, "$origin/om/signin", 'a provider that breaks just so';
    expect_log $site, qr/SSO253: /;
    $site->op->reset;
    my $end = $silent->();
    ok grep({ token_of($_->location) } $end->hops), 'and when it answers, there is a marker' or diag map { $_->summary . "\n" } $end->hops;
};

subtest 'logout by the interface really ends' => sub {
    my ($person, $marker) = signed_in($site, call => $call);
    my ($kept) = grep { $_->{name} =~ /^sso-\d+$/ } $person->jar->all;
    my $second = call($person, 'POST', '/om/api/v1/auth/refresh', $marker)->json->{accessToken};
    my $answer = call($person, 'POST', '/om/api/v1/auth/logout', $marker, body => '');
    is $answer->status, 200, 'POST';
    is_deeply $answer->json, {}, 'an empty object';
    ok !$site->session_cookie($person), 'the cookie is gone';
    my ($line) = grep { /-out=/ } $answer->headers('set-cookie');
    like $line, qr/HttpOnly/, 'a sign is left behind';
    like $line, qr/Max-Age=300/, 'for five minutes';
    answers_401 $site, call($person, 'GET', $api, $_), 'no-session', 'no call any more' for $marker, $second;
    answers_401 $site, call($person, 'GET', '/om/api/v1/auth/refresh', $marker), 'no-session', 'no refresh';
    my $thief = $site->new_browser;
    my %replay = (headers => {Cookie => "$kept->{name}=$kept->{value}", Authorization => "Bearer $marker"});
    answers_401 $site, $thief->fetch($site->url($api), %replay), 'no-session', 'both together, replayed';
    expect_log $site, qr/SSO210: .*reason=session-revoked/;
    answers_401 $site, $thief->fetch($site->url('/om/api/v1/auth/refresh'), %replay), 'no-session', 'nor a refresh';
    isnt $thief->get($site->url('/om/'), headers => {Cookie => "$kept->{name}=$kept->{value}"})->status, 200, 'nor a page';
    is call($person, 'POST', '/om/api/v1/auth/logout', undef, body => '')->status, 200, 'once more does no harm';

    my $end = $person->go($site->url("$call&prompt=none"));
    is $end->url, "$origin/om/signin", 'another tab\'s silent login ends at the sign-in page';
    is_deeply asked($end), {}, '… the provider is not even asked';
    expect_log $site, qr/SSO253: .*reason=signed-out/;
    my $start = $person->get($site->url($call));
    is {SSO::Browser::query_of($start->location)}->{prompt}, 'login', 'the automatic login has the provider ask the person';
    ok out($person), 'stopping at the provider changes nothing';
    is {SSO::Browser::query_of($person->get($site->url($call))->location)}->{prompt}, 'login', '… the next one asks again';
    is {SSO::Browser::query_of($person->get($site->url('/om/my-data'))->location)}->{prompt}, 'login', '… a page too';
    is {SSO::Browser::query_of($person->get($site->url('/sso/login'))->location)}->{prompt}, 'login', '… and the login path';
    my ($again, $new) = signed_in($site, call => $call, browser => $person);
    ok $new, 'the person signs in';
    ok !out($person), '… and the sign is gone';
    is call($person, 'GET', $api, $new)->status, 200, 'in again';
    answers_401 $site, call($person, 'GET', $api, $marker), 'marker-session', 'the old marker is not good for the new session';
};

subtest 'logout of other generations' => sub {
    my ($person, $marker) = signed_in($site, call => $call);
    is call($person, 'GET', '/om/api/v1/auth/logout', $marker)->status, 200, 'GET by a script of the interface (v1.9)';
    ok out($person), 'as POST';
    ($person, $marker) = signed_in($site, call => $call);
    my $old = $person->get($site->url('/om/api/v1/auth/logout'), plain => 1, headers => {Authorization => "Bearer $marker"});
    is $old->status, 200, 'GET with the marker, from a browser that says nothing';
    ($person, $marker) = signed_in($site, call => $call);
    is $person->get($site->url('/om/api/v1/auth/logout'), plain => 1, headers => {Authorization => 'Bearer x'})->status, 405,
        'not with any token';
    my $end = $person->go($site->url('/om/logout'));
    ok grep({ $_->url =~ m{/end_session|/session/end|/logout\?} } $end->hops), 'in the address bar: at the provider too' or diag map { $_->summary . "\n" } $end->hops;
    ok !$site->session_cookie($person) && out($person), '… and here';
};

subtest 'logins that were under way when the person signed out' => sub {
    my $person = $site->new_browser;
    my @tabs = map { $person->get($site->url($call . $_)) } '', '&prompt=none';
    my $marker = (signed_in($site, call => $call, browser => $person))[1];
    is call($person, 'POST', '/om/api/v1/auth/logout', $marker, body => '')->status, 200, 'signed out';
    my ($asking, $silent) = map { $person->settle($_) } @tabs;
    ok !$site->session_cookie($person), 'neither of them ends in a session';
    ok out($person), 'the sign stays';
    is $silent->url, "$origin/om/signin", 'the silent one shows the interface\'s sign-in page';
    expect_log $site, qr/SSO253: .*reason=login-(?:ended|cookie-\w+)/;
    allow_log $site, qr/SSO20[49]: .*reason=login-(?:ended|cookie-\w+)/;
};

subtest 'bots and personal tokens' => sub {
    my %bot = (iss => 'open-metadata.org', sub => 'ingestion-bot', email => 'ingestion-bot@open-metadata.org', isBot => true, tokenType => 'BOT');
    my $sign = sub {
        my ($claims, %script) = @_;
        my $op = delete $script{op} // $bots;
        return $op->sign(claims => $claims, typ => 'JWT', token => {%script, remove => ['exp', 'aud', 'nonce', @{$script{remove} // []}]});
    };
    my $endless = $sign->(\%bot);
    my $plain = sub { my ($bearer, $who, %more) = @_; return ($who // $site->new_browser)->get($site->url($api), plain => 1, %more, headers => {Authorization => "Bearer $bearer"}) };
    my $answer = $plain->($endless);
    is $answer->status, 200, 'without an end' or diag $answer->summary, $site->log->lines(qr/SSO40/);
    is sent_header($answer, 'Authorization'), "Bearer $endless", 'passed on as it is';
    is $plain->($endless, $browser)->status, 200, 'also from a browser with a session';
    is sent_header($plain->($endless, $browser), 'Authorization'), "Bearer $endless", '… as the bot, not as alice';
    is $plain->($sign->({%bot, sub => 'alice', email => 'alice@example.com', isBot => false, tokenType => 'PERSONAL_ACCESS'}))->status, 200, 'a personal token';
    for my $case (['bearer-exp', {%bot, exp => time - 100}], ['bearer-iss-unknown', {%bot, iss => 'https://evil.example'}], ['bearer-exp-type', {%bot, exp => 'never'}]) {
        my ($reason, $claims) = @$case;
        my $token = $bots->sign(claims => $claims, typ => 'JWT', token => {remove => ['aud', 'nonce']});
        for my $who (undef, $browser) {
            my $refused = $plain->($token, $who);
            is $refused->status, 401, "$reason: refused" . ($who ? ', also beside a session' : '');
            is $refused->json->{message}, 'Expired token!', '… and an interface would renew';
            ok !sent($refused), '… the application saw nothing';
            expect_log $site, qr/SSO401: .*reason=$reason/;
        }
    }
    is $plain->($sign->(\%bot, op => $site->op), $browser)->status, 401, 'another signer';
    expect_log $site, qr/SSO401: .*reason=(?:jws-signature|jwks-\S+|keys-\S+)/;
    is $plain->($sign->(\%bot, tamper => 'signature'), $browser)->status, 401, 'another signature';
    expect_log $site, qr/SSO401: .*reason=jws-signature/;
    my $human = $sign->({%bot, email => 'eve@example.com', isBot => false});
    is $plain->($human)->status, 403, 'Require is asked';
    is $site->new_browser->fetch($site->url('/om/api/v1/auth/refresh'), headers => {Authorization => "Bearer $endless"})->status, 401,
        'a bot has no session to renew';
    expect_log $site, qr/SSO251/;
    is call($browser, 'GET', $api, $token)->status, 200, 'markers go on beside them';
};

subtest 'the location\'s own rules go on' => sub {
    my ($carol, $marker) = signed_in($site, call => $call, user => 'bob');
    ok $marker, 'bob may';
    is call($site->new_browser, 'GET', '/om/closed/app.js')->status, 403, 'Require ip is asked before anything passes';
    is call($carol, 'GET', '/om/closed/x', $marker)->status, 403, 'also with a session';
};

subtest 'the WebSocket' => sub {
    my $cookie = sub { return join '; ', map { "$_->{name}=$_->{value}" } $_[0]->jar->all };
    my $open = sub {
        my (%headers) = @_;
        %headers = (Host => $origin =~ s{^http://}{}r, Connection => 'Upgrade', Upgrade => 'websocket', 'Sec-WebSocket-Version' => 13,
            'Sec-WebSocket-Key' => encode_base64('0123456789abcdef', ''), Origin => $origin, Cookie => $cookie->($browser), %headers);
        my $text = join '', map { "$_: $headers{$_}\r\n" } grep { defined $headers{$_} } sort keys %headers;
        return $browser->raw($site->url('/'), "GET /om/api/v1/push/feed/?EIO=4&transport=websocket&userId=1 HTTP/1.1\r\n$text\r\n", timeout => 1);
    };
    my $answer = $open->();
    like $answer, qr{^HTTP/1.1 101 }, 'session and same origin: upgraded';
    my ($minted) = $answer =~ /"authorization":"Bearer ([\w.-]+)"/;
    is $minted && claims_of($minted)->{email}, 'alice@example.com', 'with the identity';
    unlike $answer, qr/sso-\d+=/, 'without our cookies';
    like $open->(Origin => 'http://127.0.0.1:9'), qr{^HTTP/1.1 401 }, 'another origin';
    expect_log $site, qr/SSO250: .*reason=marker-missing/;
    like $open->(Origin => undef), qr{^HTTP/1.1 401 }, 'no origin';
    like $open->(Origin => 'null'), qr{^HTTP/1.1 401 }, 'a nameless one';
    like $open->(Cookie => undef), qr{^HTTP/1.1 401 }, 'no session';
    like $open->(Authorization => 'Bearer a.b.c'), qr{^HTTP/1.1 401 }, 'a foreign token beside the session';
    expect_log $site, qr/SSO401/;
    like $open->(Origin => undef, Authorization => "Bearer $token"), qr{^HTTP/1.1 101 }, 'the marker, where a client can send it';
    my $polling = '/om/api/v1/push/feed/?EIO=4&transport=polling&t=x';
    is call($browser, 'GET', $polling)->status, 200, 'polling by a script of the site';
    is call($browser, 'POST', $polling, undef, body => '40', headers => {Origin => $origin})->status, 200, '… and its answers';
    is call($browser, 'GET', $polling, undef, site => 'same-site')->status, 401, 'not by another origin';
    is call($browser, 'POST', $polling, undef, body => '40', headers => {Origin => 'http://127.0.0.1:9'})->status, 401, '… nor its answers';
    is call($browser, 'GET', '/om/api/v1/push/other')->status, 401, 'nothing else goes without the marker';
};

done_testing;
