# SPDX-License-Identifier: Apache-2.0
# Several machines and one Redis: sessions, logouts and refreshed tokens are those of all of them.
use lib 't/lib';
use SSO::Test;
use SSO::Cache;
use SSO::Machines;
use Time::HiRes qw(sleep time);

my $down = qr/SSO27[0124]|SSO210: .*store-failed|SSO2(?:23|11|12|43|40): .*reason=store-failed|SSO315/;
sub cookie_line { my ($site, $browser) = @_; my $c = $site->session_cookie($browser); return "$c->{name}=$c->{value}" }
sub status { my ($machine, $browser, $path) = @_; return $browser->get($machine->url($path // '/protected/'))->status }
sub finish { for my $machine (@_) { $machine->finish } return }
# The bound that is promised is two seconds; a busy test machine gets more.
sub ends { my ($machine, $cookie, $name) = @_;
    return ok within(10, sub { $machine->new_browser->get($machine->url('/protected/'), headers => {Cookie => $cookie})->status == 302 }), $name }

for my $store ('cookie', 'cache') {
    subtest "SSOSessionStore $store: in at one, used at another, out at a third" => sub {
        my $redis = SSO::Cache->redis(args => ['--requirepass', 'p@ss/word']);
        $redis->{cli} = ['-a', 'p@ss/word', '-n', 3];
        my ($a, $b, $c) = machines(3, snippet => "SSOSessionStore $store\nSSOCache " . $redis->url(':p%40ss%2Fword@', '/3'));
        my ($browser, $other) = ($a->browser, $a->new_browser);
        is login($a, '/protected/', browser => $_)->status, 200, 'signed in at the first' for $browser, $other;
        is status($_, $browser), 200, 'she is in everywhere' for $a, $b, $c;
        my $cookie = cookie_line($a, $browser);
        my @keys = grep { length } $redis->ask('KEYS', '*');
        is scalar(grep { !/^mod_sso_oidc:(?:[0-9a-f]{64}|ended)$/ } @keys), 0, 'keys are hashes with our prefix, in the database that was named';
        cmp_ok scalar(@keys), '==', $store eq 'cache' ? 2 : 0, 'as many as there are sessions in it';
        if ($store eq 'cache') {
            cmp_ok $redis->ask('PTTL', $keys[0]), '>', 80_000_000, 'they expire with the session';
            unlike $redis->ask('GET', $keys[0]), qr/alice|example/, 'and are sealed';
            # What one place holds is worth nothing at another.
            $redis->ask('COPY', $keys[0], $keys[1], 'REPLACE');
            my @in = grep { $_ == 200 } map { status($b, $_) } $browser, $other;
            is scalar(@in), 1, 'a record put in place of another opens no session';
            expect_log $b, qr/SSO210: .*reason=box-tampered/;
            is login($a, '/protected/', browser => $_)->status, 200, 'signed in again' for $browser, $other;
            $cookie = cookie_line($a, $browser);
            allow_log $a, qr/SSO210/;
        }
        $browser->get($c->url('/sso/logout'));
        ends($_, $cookie, 'signed out at the third: the cookie is worth nothing there') for $c, $a, $b;
        is status($_, $other), 200, 'the other browser is in' for $a, $b, $c;
        unlike join('', $redis->ask('XRANGE', 'mod_sso_oidc:ended', '-', '+')), qr/alice|example/, 'what ended is told in sealed words';
        for my $machine ($a, $b) { $machine->httpd->stop; $machine->httpd->start }
        is $a->new_browser->get($_->url('/protected/'), headers => {Cookie => $cookie})->status, 302, 'nor after a full restart' for $a, $b;
        is status($_, $other), 200, 'the other one is in still' for $a, $b;
        allow_log $_, qr/SSO210/ for $a, $b, $c;
        finish($a, $b, $c);
        ok !(grep { /p\@ss|p%40ss/ } map { $_->log->lines } $a, $b, $c), 'no log has the password';
        $redis->stop;
    };
}

subtest 'back-channel logout reaches every machine, and its token is good once' => sub {
    my $redis = SSO::Cache->redis;
    my ($a, $b) = machines(2, snippet => 'SSOCache ' . $redis->url, op => {id_token => {claims => {sid => 's-1'}}});
    my ($by_sid, $by_sub) = map { $a->new_browser } 1 .. 2;
    is login($a, '/protected/', browser => $by_sid)->status, 200, 'signed in';
    $a->op->control({id_token => {claims => {sid => 's-2'}}});
    is login($a, '/protected/', browser => $by_sub)->status, 200, 'signed in elsewhere';
    my ($first, $second) = map { cookie_line($a, $_) } $by_sid, $by_sub;
    my $told = $a->op->logout(to => $a->url('/sso/backchannel-logout'), token => {claims => {sid => 's-1'}});
    is $told->{status}, 200, 'the provider tells the first machine';
    ends($_, $first, 'the session is over') for $a, $b;
    is status($b, $by_sub), 200, 'another sid lives';
    my $again = $a->op->logout(to => $b->url('/sso/backchannel-logout'), body => "logout_token=$told->{token}");
    is $again->{status}, 400, 'the same token at the other machine';
    expect_log $b, qr/SSO217: .*reason=revoke-seen/;
    $told = $a->op->logout(to => $b->url('/sso/backchannel-logout'), token => {claims => {sub => 'alice'}, remove => ['sid']});
    is $told->{status}, 200, 'all sessions of a person, told to the second machine';
    ends($_, $second, 'are over') for $b, $a;

    $redis->kill;
    is login($b, '/protected/', browser => my $third = $a->new_browser)->status, 200, 'a login without Redis';
    my $cookie = cookie_line($a, $third);
    is status($a, $third), 200, 'known to the other machine as ever';
    $told = $a->op->logout(to => $b->url('/sso/backchannel-logout'), token => {claims => {sid => 's-2'}});
    is $told->{status}, 200, 'a logout without Redis';
    expect_log $b, qr/SSO272: other machines do not know yet.* reason=store-failed/;
    expect_log $b, qr/SSO277: /;
    is $a->new_browser->get($b->url('/protected/'), headers => {Cookie => $cookie})->status, 302, 'holds at the machine that was told';
    is status($a, $third), 200, 'and not yet at the other';
    my $replay = $a->op->logout(to => $b->url('/sso/backchannel-logout'), body => "logout_token=$told->{token}");
    is $replay->{status}, 400, 'the token is good once there';
    $redis->start;
    ends($a, $cookie, 'as soon as Redis is back the other hears of it');
    expect_log $b, qr/SSO271: /;
    allow_log $_, $down, qr/SSO210|SSO217|SSO277/ for $a, $b;
    finish($a, $b);
    $redis->stop;
};

subtest 'a hundred requests at two machines refresh once' => sub {
    my $redis = SSO::Cache->redis;
    my ($a, $b) = machines(2, op => {tokens => {refresh => 'always', expires_in => 4, family => true}}, location => 'SSOPassToken access',
        snippet => 'SSOCache ' . $redis->url, httpd => {servers => 4, threads => 32});
    my $first = sent_header(login($a, '/protected/'), 'Authorization');
    my $refreshes = sub { return scalar grep { ($_->{form}{grant_type} // '') eq 'refresh_token' } $a->op->requests('/token') };
    my $load = sub { return parallel(cookie_line($a, $a->browser), $a->httpd->root . '/answers', map { ($a->url("/protected/?$_"), $b->url("/protected/?$_")) } 1 .. 50) };
    sleep 4.3;
    $a->op->control({token => {delay => 700}});
    is_deeply $load->(), {200 => 100}, 'all wait for the one that refreshes';
    is $refreshes->(), 1, 'one refresh';
    my @token = map { sent_header($_->new_browser->get($_->url('/protected/'), headers => {Cookie => cookie_line($a, $a->browser)}), 'Authorization') } $a, $b;
    is $token[0], $token[1], 'both machines pass on the same token';
    isnt $token[0], $first, 'the new one';
    sleep 2.3;
    is_deeply $load->(), {200 => 100}, 'when it is due the next time';
    is $refreshes->(), 2, 'one more';
    is_deeply [$a->op->failures], [], 'no refresh token was used twice';
    is_deeply [grep { !/ended$/ && $redis->ask('PTTL', $_) < 0 } $redis->ask('KEYS', '*')], [], 'all that is kept expires';
    finish($a, $b);
    $redis->stop;
};

subtest 'sizes' => sub {
    my $redis = SSO::Cache->redis;
    my ($site) = machines(1, snippet => "SSOSessionStore cache\nSSOSessionClaims email groups\nSSOCache " . $redis->url, location => "SSOClaimPrefix none\nSSOClaimHeader email X-Mail");
    my $groups = sub { my ($bytes) = @_; return [map { join '', map { chr(33 + int rand 90) } 1 .. 90 } 1 .. $bytes / 90] };
    for my $bytes (100, 20_000, 100_000) {
        $site->op->control({user => {groups => $groups->($bytes)}});
        is login($site, '/protected/', browser => my $browser = $site->new_browser)->status, 200, "a session of $bytes bytes";
        is status($site, $browser), 200, '… is found again';
    }
    $site->finish;
    $redis->stop;
};

subtest 'a start that cannot be' => sub {
    my ($site) = machines(1, snippet => 'SSOCache redis://web:hunter2@h@x', start => 0);
    my ($ok, $said) = $site->httpd->configtest;
    ok !$ok, 'a URL that cannot be read';
    like $said, qr/SSO109: SSOCache: there are two \@; in a password write %40/, 'says why';
    unlike $said, qr/hunter2/, 'without the password';
    $site->finish;
};
done_testing;
