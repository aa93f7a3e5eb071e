# SPDX-License-Identifier: Apache-2.0
# A Redis that is down, hangs, refuses or is full: 503 for what lies there, nothing for what does not.
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

subtest 'Redis is killed under load and comes back' => sub {
    my $redis = SSO::Cache->redis;
    my ($kept) = machines(1, snippet => 'SSOCache ' . $redis->url);
    my ($stored) = machines(1, snippet => "SSOSessionStore cache\nSSOCache " . $redis->url, provider => $kept->op, httpd => {threads => 8});
    is login($_, '/protected/')->status, 200, 'signed in' for $kept, $stored;
    my $load = sub { my ($site, $n) = @_;
        return parallel(cookie_line($site, $site->browser), $site->httpd->root . '/answers', map { $site->url("/protected/?$_") } 1 .. $n) };
    is_deeply $load->($stored, 100), {200 => 100}, 'sessions in Redis';
    cmp_ok scalar(grep { /^id=/ } $redis->ask('CLIENT', 'LIST')), '<=', 60, 'a bounded number of connections';
    my $pid = fork // die;
    if (!$pid) { sleep 0.3; kill 'KILL', $redis->{proc}->pid; POSIX::_exit(0) }
    my %seen;
    for (1 .. 6) { my $got = $load->($stored, 60); $seen{$_} += $got->{$_} for keys %$got }
    waitpid $pid, 0;
    is_deeply [grep { !/^(?:200|503)$/ } keys %seen], [], 'while it dies: 200 or 503, nothing else, no hang';
    my $start = time;
    is_deeply $load->($stored, 40), {503 => 40}, 'while it is down: 503';
    cmp_ok time - $start, '<', 10, 'at once';
    my $page = $stored->browser->get($stored->url('/protected/'));
    like $page->header('retry-after'), qr/^\d+$/, 'with Retry-After';
    is scalar($page->headers('set-cookie')), 0, 'no cookie is touched';
    is_deeply $load->($kept, 60), {200 => 60}, 'sessions in cookies never notice';
    is login($kept, '/protected/', browser => $kept->new_browser)->status, 200, 'nor do their logins';
    is $stored->new_browser->go($stored->url('/protected/'))->status, 503, 'a login that cannot be kept: 503, no loop';
    $redis->start;
    ok within(10, sub { $stored->new_browser->go($stored->url('/protected/'))->status == 200 }), 'it comes back, and with it logins';
    is status($stored, $stored->browser), 302, 'its memory is gone, so is the session';
    my @lines = $stored->log->lines(qr/SSO270: .*reason=store-failed/);
    is scalar(@lines), 1, 'the log says once that it is down' or diag @lines;
    like $lines[0] // '', qr{redis://127\.0\.0\.1:\d+/0: }, 'and where';
    expect_log $stored, qr/SSO271: /;
    allow_log $_, $down, qr/SSO20\d: .*reason=store-failed/ for $kept, $stored;
    $redis->signal('STOP');
    $start = time;
    is status($stored, $stored->browser), 503, 'hung: 503' for 1 .. 4;
    cmp_ok time - $start, '<', 8, 'after its time-out, and then at once';
    is_deeply $load->($kept, 30), {200 => 30}, 'sessions in cookies never notice';
    $redis->signal('CONT');
    ok within(10, sub { status($stored, $stored->browser) != 503 }), 'and on it goes';
    allow_log $stored, qr/SSO210/;
    finish($kept, $stored);
    $redis->stop;
};

subtest 'who may not enter, and what else a Redis answers' => sub {
    my $redis = SSO::Cache->redis(args => ['--requirepass', 'right', '--databases', 4]);
    $redis->{cli} = ['-a', 'right'];
    $redis->ask('ACL', 'SETUSER', 'web', 'on', '>web-pass', '~mod_sso_oidc:*', '+@all', '-@dangerous', '-@admin');
    my $replica = SSO::Cache->redis(args => ['--replicaof', '127.0.0.1 1']);
    for my $case (['a wrong password', $redis->url(':wrong@'), 'AUTH is refused \(WRONGPASS\)'],
        ['no password', $redis->url, 'it wants a user and password in SSOCache \(NOAUTH\)'],
        ['an unknown user', $redis->url('nobody:right@'), 'AUTH is refused \(WRONGPASS\)'],
        ['a database that is not there', $redis->url(':right@', '/9'), 'SELECT is refused \(ERR\)'],
        ['a replica', $replica->url, 'it is a replica and takes nothing \(READONLY\)'],
        ['nobody there', 'redis://127.0.0.1:1', 'no connection to 127.0.0.1: Connection refused']) {
        my ($name, $url, $says) = @$case;
        my ($site) = machines(1, snippet => "SSOSessionStore cache\nSSOCache $url", start => 0);
        $site->httpd->start;
        expect_log $site, qr/SSO315: .*$says.* reason=store-failed/, "$name: the start says it and goes on";
        is $site->new_browser->go($site->url('/protected/'))->status, 503, '… a login is refused';
        is $site->browser->get($site->url('/'))->status, 200, '… other pages are served';
        allow_log $site, $down, qr/SSO20\d: .*reason=store-failed/;
        $site->finish;
    }
    my ($a) = machines(1, snippet => "SSOSessionStore cache\nSSOCache " . $redis->url('web:web-pass@', '/1'));
    is login($a, '/protected/')->status, 200, 'a user of an ACL with our keys only';
    my $cookie = cookie_line($a, $a->browser);
    $a->browser->get($a->url('/sso/logout'));
    ends($a, $cookie, 'may do all that is needed');
    allow_log $a, qr/SSO210/;
    $a->finish;
    my ($full) = machines(1, snippet => "SSOSessionStore cache\nSSOCache " . $redis->url(':right@'));
    $redis->ask('CONFIG', 'SET', 'maxmemory', '1');
    is $full->new_browser->go($full->url('/protected/'))->status, 503, 'full: 503';
    expect_log $full, qr/reason=store-failed/;
    like join("\n", $full->log->lines(qr/store-failed/)), qr/its memory is full; raise maxmemory \(OOM\)/, 'the log says what to do';
    allow_log $full, $down, qr/SSO20\d/;
    $full->finish;
    $_->stop for $redis, $replica;
};
done_testing;
