# SPDX-License-Identifier: Apache-2.0
# Passed tokens are renewed before they expire: once, by one worker, whatever the provider does.
use lib 't/lib';
use SSO::Test;
use Time::HiRes qw(sleep time);

# A token of four seconds is due after two.
my ($due, $expired) = (2.3, 4.3);
my $site = site(op => {tokens => {refresh => 'always', expires_in => 4, family => true}}, location => 'SSOPassToken access',
    snippet => <<'END', httpd => {servers => 4, threads => 32});
SSOTimeout 1 2
LogFormat "%P %s" process
CustomLog "${ROOT}/logs/processes" process
<Location /protected/plain/>
    SSOPassToken none
</Location>
END
my $url = $site->url('/protected/');

sub fresh { my (%script) = @_; $site->op->reset->control(\%script); return $site->new_browser }
sub login_now {
    my ($browser, $in) = @_;
    my $page = login($in // $site, '/protected/', browser => $browser);
    is $page->status, 200, 'a login' or diag $page->summary;
    return token_of($page);
}
sub token_of { my ($page) = @_; return (sent_header($page, 'Authorization') // '') =~ s/^Bearer //r }
sub refreshes { my ($op) = @_; return grep { ($_->{form}{grant_type} // '') eq 'refresh_token' } ($op // $site->op)->requests('/token') }
sub cookie_line { my ($browser) = @_; my $c = $site->session_cookie($browser); return "$c->{name}=$c->{value}" }
sub has_session { my ($browser) = @_; return grep { $_->{name} =~ /^sso-\d+$/ } $browser->jar->all }
sub get { my ($browser, $path) = @_; return $browser->get($site->url($path // '/protected/')) }
sub parallel {
    my ($browser, $count) = @_;
    my $folder = $site->httpd->root . '/answers';
    mkdir $folder;
    open my $out, '-|', 'curl', '-s', '--stderr', '/dev/null', '--max-time', 30, '--parallel', '--parallel-max', $count, '--parallel-immediate',
        '-H', 'Cookie: ' . cookie_line($browser), '-w', '%{http_code}\n', map { ('-o', "$folder/$_", "$url?$_") } 1 .. $count or die "curl: $!";
    chomp(my @status = <$out>);
    my %count;
    $count{$_}++ for @status;
    return \%count;
}

subtest 'rt-rotation: the new refresh token is used, the old one never again' => sub {
    my $browser = fresh();
    my @token = login_now($browser);
    my $cookie = cookie_line($browser);
    is token_of(get($browser)), $token[0], 'before it is due the token is the same';
    is scalar(refreshes()), 0, '… and the provider is not asked';
    for my $n (1 .. 2) {
        sleep $due;
        my $page = get($browser);
        is $page->status, 200, "refresh $n";
        ok !(grep { /^sso-\d+(?:\.1)?=/ } $page->headers('set-cookie')), 'the session cookie is not written';
        push @token, token_of($page);
        isnt $token[$n], $token[$n - 1], 'another token';
        is token_of(get($browser)), $token[$n], 'which stays until it is due';
    }
    is cookie_line($browser), $cookie, 'the cookie is the one of the login';
    my @sent = map { $_->{form}{refresh_token} } refreshes();
    is scalar(@sent), 2, 'two refreshes';
    isnt $sent[0], $sent[1], '… each with its own refresh token';
    is_deeply [$site->op->failures], [], 'the provider has nothing to complain about';
};

subtest 'a location that passes no token causes no traffic' => sub {
    my $browser = fresh();
    login_now($browser);
    sleep $expired;
    is get($browser, '/protected/plain/')->status, 200, 'the session goes on';
    is scalar(refreshes()), 0, 'nobody was asked';
};

subtest 'rt-race-cluster: a hundred requests at once, over processes, refresh once' => sub {
    my $browser = fresh();
    my $first = login_now($browser);
    sleep $due;
    is_deeply parallel($browser, 100), {200 => 100}, 'while the old token is good all get through';
    is scalar(refreshes()), 1, 'one refresh';
    isnt token_of(get($browser)), $first, 'its token is used';
    sleep $expired;
    $site->op->control({token => {delay => 500}});
    is_deeply parallel($browser, 100), {200 => 100}, 'after its expiry all wait for the one that refreshes';
    is scalar(refreshes()), 2, 'one more refresh';
    my %process = map { /^(\d+) 200/ ? ($1 => 1) : () } split /\n/, $site->httpd->read('logs/processes');
    cmp_ok scalar(keys %process), '>', 1, 'several processes served them';
    is_deeply [$site->op->failures], [], 'no refresh token was used twice';
    sleep $due;
    is get($browser)->status, 200, 'the session is not lost';
};

subtest 'rt-invalid-grant: a refused refresh token ends the session, once' => sub {
    my ($person, $program) = (fresh(), $site->new_browser);
    login_now($_) for $person, $program;
    my $old = cookie_line($person);
    sleep $due;
    $site->op->control({token => {status => 400, json => {error => 'invalid_grant'}}});
    my $page = get($person);
    is $page->status, 302, 'a navigation begins a login';
    like $page->location, qr{/authorize\?}, '… at the provider';
    ok !has_session($person), 'the session cookie is removed';
    expect_log $site, qr/SSO241: .*reason=token-invalid-grant/;
    is $program->fetch($url)->status, 401, 'a program gets 401';
    expect_log $site, qr/SSO241: .*reason=token-invalid-grant/;
    my $calls = refreshes();
    is $site->new_browser->get($url, headers => {Cookie => $old})->status, 302, 'the old cookie is worth nothing';
    is scalar(refreshes()), $calls, '… and causes no refresh';
    $site->op->control({token => {'$clear' => true}});
    is login($site, '/protected/', browser => $person)->status, 200, 'the next login works';
};

subtest 'rt-5xx: the session survives, with a back-off, and then 503' => sub {
    my $browser = fresh();
    my $token = login_now($browser);
    sleep $due;
    $site->op->control({token => {status => 503, json => {error => 'temporarily_unavailable'}}});
    is token_of(get($browser)), $token, 'the old token goes on' for 1 .. 5;
    is scalar(refreshes()), 1, 'the provider is asked once';
    expect_log $site, qr/SSO240: .*reason=token-temporarily-unavailable/;
    sleep 2.2;
    my $page = get($browser);
    is $page->status, 503, 'after its expiry';
    cmp_ok $page->header('retry-after'), '>=', 1, 'Retry-After';
    cmp_ok $page->header('retry-after'), '<=', 10, '… soon';
    ok has_session($browser), 'nobody is signed out';
    is scalar(refreshes()), 1, 'still in the back-off';
    $site->op->control({token => {'$clear' => true}});
    sleep 3;
    $page = get($browser);
    is $page->status, 200, 'when the provider is back';
    isnt token_of($page), $token, 'with a new token';
    is_deeply [$site->op->failures], [], 'and the right refresh token';
};

subtest 'a provider that hangs takes no more than one worker a session for long' => sub {
    my $browser = fresh();
    login_now($browser);
    sleep $expired;
    $site->op->control({token => {hang => true}});
    my $start = time;
    is_deeply parallel($browser, 40), {503 => 40}, 'all are refused';
    cmp_ok time - $start, '<', 8, 'in bounded time';
    is scalar(refreshes()), 1, 'one asked';
    is get($browser, '/protected/plain/')->status, 200, 'the session is there all the while';
    allow_log $site, qr/SSO240: .*reason=(?:fetch-timeout|fetch-busy|refresh-wait)/;
    $site->op->control({token => {'$clear' => true}});
    sleep 5;
    is get($browser)->status, 200, 'and goes on afterwards';
};

# Many browsers, one wait: [ids, script of the refresh, what comes of it].
sub batch {
    my @rows = @_;
    fresh(tokens => {expires_in => 10}); # signing so many in takes its time
    my @had = map { my $b = $site->new_browser; [$b, token_of(login($site, '/protected/', browser => $b))] } @rows;
    sleep 5.1;
    for my $row (@rows) {
        my ($ids, $script, $want, %more) = @$row;
        my ($browser, $before) = @{shift @had};
        subtest "$ids: $want" => sub {
            $site->op->control($script);
            my $calls = refreshes();
            my $page = get($browser);
            is scalar(refreshes()), $calls + 1, 'the token is refreshed';
            if ($want eq 'end') {
                is $page->status, 302, 'the session ends';
                ok !has_session($browser), '… with its cookie';
            }
            else {
                is $page->status, 200, 'the session goes on';
                ($want eq 'accept' ? \&isnt : \&is)->(token_of($page), $before, $want eq 'accept' ? 'with the new token' : 'with the old token');
            }
            expect_log $site, qr/$more{id}: .*reason=$more{reason}/ if $more{reason};
            $more{check}->($browser, $page) if $more{check};
            $site->op->control({token => {'$clear' => true}, refreshed_id_token => {'$clear' => true},
                tokens => {refresh_id_token => true, refresh_nonce => false}});
        };
    }
    return;
}

batch(
    ['rt-idtoken-nonce absent', {}, 'accept'],
    ['rt-idtoken-nonce the old one', {tokens => {refresh_nonce => true}}, 'accept'],
    ['rt-idtoken-nonce another', {refreshed_id_token => {claims => {nonce => 'another'}}}, 'refuse', id => 'SSO240', reason => 'idt-nonce'],
    ['rt-no-idtoken', {tokens => {refresh_id_token => false}}, 'accept'],
    ['rt-idtoken-null', {token => {set => {id_token => undef}}}, 'accept'],
    ['rt-scope-shrink', {token => {set => {scope => 'openid'}}}, 'accept'],
    ['rt-idtoken-sub another person', {refreshed_id_token => {claims => {sub => 'mallory'}}}, 'end', id => 'SSO241', reason => 'idt-sub-changed'],
    ['rt-idtoken-iss', {refreshed_id_token => {claims => {iss => 'https://evil.example'}}}, 'refuse', id => 'SSO240', reason => 'idt-iss'],
    ['rt-idtoken-aud', {refreshed_id_token => {claims => {aud => 'other'}}}, 'refuse', id => 'SSO240', reason => 'idt-aud'],
    ['rt-idtoken-signature', {refreshed_id_token => {tamper => 'signature'}}, 'refuse', id => 'SSO240', reason => 'jws-signature'],
    ['rt-token-type', {token => {set => {token_type => 'DPoP'}}}, 'refuse', id => 'SSO240', reason => 'token-type'],
);
batch(
    ['rt-502-invalid-grant', {token => {status => 502, json => {error => 'invalid_grant'}}}, 'refuse', id => 'SSO240', reason => 'token-invalid-grant'],
    ['rt-invalid-client', {token => {status => 401, json => {error => 'invalid_client'}}}, 'refuse', id => 'SSO240', reason => 'token-invalid-client'],
    ['rt-200-invalid-grant', {token => {json => {error => 'invalid_grant'}}}, 'end', id => 'SSO241', reason => 'token-invalid-grant'],
    ['rt-crlf', {token => {set => {access_token => "x\r\nX-Evil: 1"}}}, 'refuse', id => 'SSO240', reason => 'token-characters'],
    map { my ($name, $value) = @$_;
        ["at-lifetime-negative $name", {token => {ref $value eq 'CODE' ? $value->() : (set => {expires_in => $value})}}, 'accept', check => sub {
            my ($browser, $page) = @_;
            my $calls = refreshes();
            is token_of(get($browser)), token_of($page), 'the token stays' for 1 .. 5;
            is scalar(refreshes()), $calls, 'no loop';
        }] } ['-1', -1], ['0', 0], ['1e308', {'$raw' => '1e308'}], ['"3600"', '3600'], ['3600.9', 3600.9], ['missing', sub { (remove => ['expires_in']) }],
);

subtest 'an unknown lifetime is never refreshed' => sub {
    my $browser = fresh(token => {remove => ['expires_in']});
    login_now($browser);
    sleep $expired;
    is get($browser)->status, 200, 'the session goes on';
    is scalar(refreshes()), 0, 'the provider is not asked';
};

subtest 'at-not-logged: no token, code or secret is in the log' => sub {
    my $browser = fresh();
    login_now($browser);
    sleep $due;
    my $page = get($browser);
    my @secrets = (token_of($page), $site->session_cookie($browser)->{value},
        map { grep { defined } @{$_->{form}}{qw(code code_verifier refresh_token)} } $site->op->requests('/token'));
    cmp_ok scalar(@secrets), '>=', 5, 'there are some';
    my $log = $site->log->text;
    is scalar(grep { index($log, $_) >= 0 } @secrets), 0, 'none is logged at level debug';
};

subtest 'a logout is the end, refreshed or not' => sub {
    my $browser = fresh();
    login_now($browser);
    sleep $due;
    is get($browser)->status, 200, 'refreshed';
    my $old = cookie_line($browser);
    $browser->get($site->url('/sso/logout'));
    is $site->new_browser->get($url, headers => {Cookie => $old})->status, 302, 'the old cookie is worth nothing';
    sleep $due;
    is $site->new_browser->get($url, headers => {Cookie => $old})->status, 302, '… also when its token would be due';
    is scalar(refreshes()), 1, '… which nobody refreshes';
};
allow_log $site, qr/SSO210/, qr/AH10159/;

subtest 'ID Tokens that are passed on' => sub {
    my $other = site(op => {tokens => {refresh => 'always'}, id_token => {claims => {exp => {'$now' => 4}}}},
        location => 'SSOPassToken id X-Id-Token', snippet => "SSOSessionStore cache\nSSORefresh 30");
    my $page = login($other, '/protected/');
    my $first = sent_header($page, 'X-Id-Token');
    like $first, qr/^[\w-]+\.[\w-]+\.[\w-]+$/, 'the ID Token';
    sleep $due;
    $page = $other->browser->get($other->url('/protected/'));
    my $second = sent_header($page, 'X-Id-Token');
    isnt $second, $first, 'is renewed by its own exp, with SSOSessionStore cache too';
    is scalar(refreshes($other->op)), 1, 'one refresh';
    $other->op->control({tokens => {refresh_id_token => false}});
    sleep $due;
    is sent_header($other->browser->get($other->url('/protected/')), 'X-Id-Token'), $second, 'a provider that renews none: the old one goes on';
    expect_log $other, qr/SSO245: .*reason=refresh-no-id-token/;
    sleep $due;
    $other->browser->get($other->url('/protected/'));
    is scalar(refreshes($other->op)), 2, '… and it is not asked again';
    $other->finish;
};

subtest 'SSORefresh off, and a server without a cache' => sub {
    my $other = site(op => {tokens => {refresh => 'always', expires_in => 3}}, location => 'SSOPassToken access',
        snippet => 'SSORefresh off', httpd => {without => ['socache_shmcb']});
    my $token = token_of(login($other, '/protected/'));
    sleep 3.2;
    is token_of($other->browser->get($other->url('/protected/'))), $token, 'off: the token stays as it is';
    is scalar(refreshes($other->op)), 0, 'nobody is asked';
    $other->finish;
    my $refused = site(op => {}, location => 'SSOPassToken access', httpd => {without => ['socache_shmcb']}, start => 0);
    my ($ok, $said) = $refused->httpd->configtest;
    ok !$ok, 'without a cache it has to be said';
    like $said, qr/SSO172: SSORefresh: .*a2enmod socache_shmcb.*SSORefresh off/, 'the start names the module and the way out';
    $refused->finish;
};
done_testing;
