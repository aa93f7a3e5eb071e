# SPDX-License-Identifier: Apache-2.0
# SSOBridge when the session ends: by its limit, by idleness, by the provider.
use lib 't/lib';
use SSO::Test;
use SSO::Bridge;

my $site = site(httpd => {servers => 1, threads => 16, loglevel => 'notice sso_oidc:info'}, snippet => <<'END');
SSOSessionTimeout 1m 128s
<Location "/">
    AuthType sso-oidc
    Require valid-user
    SSOBridge openmetadata
    SSOMintAudience openmetadata
</Location>
END
my $api = '/api/v1/tables';
sub call { return xhr($site, @_) }

subtest 'the last two minutes of a session' => sub {
    my ($browser, $token) = signed_in($site);
    my $claims = claims_of($token);
    my $ends = $browser->get($site->url('/sso/session'))->json->{expires};
    is $claims->{exp}, $ends, 'the marker ends with the session';
    my $refresh;
    for (1 .. 100) {
        $refresh = call($browser, 'POST', '/api/v1/auth/refresh', $token);
        last if $refresh->status != 200;
        select undef, undef, undef, 0.2;
    }
    answers_401 $site, $refresh, 'session-ending', 'no new marker when less than two minutes are left';
    cmp_ok $ends - time, '<=', 120, '… not before';
    is call($browser, 'GET', $api, $token)->status, 200, 'the calls go on meanwhile';
    my $silent = $browser->go($site->url(login_call($site) . '&prompt=none'));
    my ($hop) = grep { ($_->location // '') =~ m{/authorize\?} } $silent->hops;
    is {SSO::Browser::query_of($hop->location)}->{prompt}, 'none', 'the interface signs in again, silently';
    my ($handed) = grep { token_of($_->location) } $silent->hops;
    my $new = token_of($handed->location);
    cmp_ok claims_of($new)->{exp}, '>', $ends, 'and has a new session';
    is call($browser, 'GET', $api, $new)->status, 200, 'which works';
    answers_401 $site, call($browser, 'GET', $api, $token), 'marker-session', 'the old marker does not';
};

subtest 'the provider ends the session behind the browser\'s back' => sub {
    my ($browser, $token) = signed_in($site);
    my $said = $site->op->logout(to => $site->url('/sso/backchannel-logout'));
    is $said->{status}, 200, 'back-channel logout';
    answers_401 $site, call($browser, 'GET', $api, $token), 'no-session', 'no call';
    answers_401 $site, call($browser, 'GET', '/api/v1/auth/refresh', $token), 'no-session', 'no refresh';
    expect_log $site, qr/SSO210: .*reason=session-revoked/;
};

subtest 'two tabs' => sub {
    my ($browser, $one) = signed_in($site);
    my $two = token_of($browser->get($site->url(login_call($site)))->location);
    isnt $two, $one, 'each has a marker of its own';
    is call($browser, 'GET', $api, $_)->status, 200, 'both work' for $one, $two;
    my $three = call($browser, 'POST', '/api/v1/auth/refresh', $one)->json->{accessToken};
    is call($browser, 'GET', $api, $_)->status, 200, 'also after one was renewed' for $one, $two, $three;
    call($browser, 'POST', '/api/v1/auth/logout', $two, body => '');
    answers_401 $site, call($browser, 'GET', $api, $_), 'no-session', 'logout in one ends all' for $one, $two, $three;
};

done_testing;
