# SPDX-License-Identifier: Apache-2.0
# SSOCache rediss://: TLS, certificates of both sides and passwords that stand in files change nothing of what a Redis does for
# several machines.
use lib 't/lib';
use SSO::Test;
use SSO::Cache;
use SSO::Machines;
use File::Temp ();
use Time::HiRes qw(sleep time);

my $dir = File::Temp->newdir('sso-redis-XXXXXXXX', TMPDIR => 1);
chmod 0755, "$dir";
my $authority = SSO::Tls->new("$dir");
my $server = {%{$authority->leaf('redis', names => ['localhost', '127.0.0.1', '::1'])}, ca => $authority->ca};
my $client = $authority->leaf('web', client => 1);
chmod 0600, $client->{key};
sub secret { my ($name, $text) = @_; open my $out, '>', "$dir/$name" or die; print $out $text; close $out; chmod 0600, "$dir/$name"; return "$dir/$name" }
sub cookie_line { my ($site, $browser) = @_; my $c = $site->session_cookie($browser); return "$c->{name}=$c->{value}" }
sub status { my ($machine, $browser, $path) = @_; return $browser->get($machine->url($path // '/protected/'))->status }
# The bound that is promised is two seconds; a busy test machine gets more.
sub ends { my ($machine, $cookie, $name) = @_;
    return ok within(10, sub { $machine->new_browser->get($machine->url('/protected/'), headers => {Cookie => $cookie})->status == 302 }), $name }
sub count { my ($redis, $name) = @_; return join("\n", $redis->ask('INFO', 'stats')) =~ /$name:(\d+)/ ? $1 : die }
my $ca = 'ca-file=' . $authority->ca;
my $mine = "cert-file=$client->{cert}&key-file=$client->{key}";
my $down = qr/SSO27[0124]|SSO210: .*store-failed|SSO2(?:23|11|12|43|40): .*reason=store-failed|SSO315/;

subtest 'in at one, used at another, out at a third: client certificates, a user of the ACL, its password in a file' => sub {
    my $redis = SSO::Cache->redis(tls => {%$server, clients => 'yes', as => $client});
    $redis->ask('ACL', 'SETUSER', 'web', 'on', '>p@ss word', '~mod_sso_oidc:*', '+@all', '-@dangerous', '-@admin');
    $redis->ask('ACL', 'SETUSER', 'default', 'resetkeys');
    local @ENV{qw(https_proxy HTTPS_PROXY ALL_PROXY)} = ('http://127.0.0.1:1') x 3; # is not asked
    my $file = secret('web.password', "p\@ss word\r\n");
    my ($a, $b, $c) = machines(3, snippet => "SSOSessionStore cache\nSSOCache " . $redis->url('web@', "/2?$ca&$mine&password-file=$file"));
    is login($a, '/protected/')->status, 200, 'signed in at the first';
    is status($_, $a->browser), 200, 'in everywhere' for $a, $b, $c;
    # Each new connection comes with session tickets, bytes that are no answers: it is kept all the same.
    my $before = count($redis, 'total_connections_received');
    for (1 .. 15) { status($_, $a->browser) for $a, $b, $c }
    cmp_ok count($redis, 'total_connections_received') - $before, '<', 12, 'connections are used again';
    my $cookie = cookie_line($a, $a->browser);
    $a->browser->get($c->url('/sso/logout'));
    ends($_, $cookie, 'signed out at the third: over') for $c, $a, $b;
    unlike join("\n", map { $_->log->lines } $a, $b, $c), qr/p.ss.word/, 'no log has the password';
    allow_log $_, qr/SSO210/ for $a, $b, $c;
    for my $again (qw(graceful restart graceful)) {
        $a->httpd->$again;
        is scalar(() = glob "/proc/@{[$a->httpd->pid]}/task/*"), 1, "$again: no thread is left in the parent";
        is login($a, '/protected/', browser => $a->new_browser)->status, 200, 'and Redis is asked as before';
    }
    $_->finish for $a, $b, $c;
    $redis->stop;
};

subtest 'Redis is killed under requests and comes back' => sub {
    my $redis = SSO::Cache->redis(tls => $server);
    # An address of IPv4 behind a name, and the server's own SSOCAFile.
    my ($kept) = machines(1, snippet => "SSOCAFile @{[$authority->ca]}\nSSOCache rediss://localhost:" . $redis->port);
    my ($stored) = machines(1, snippet => "SSOSessionStore cache\nSSOCache " . $redis->url('', "?$ca"), provider => $kept->op, httpd => {threads => 8});
    is login($_, '/protected/')->status, 200, 'signed in' for $kept, $stored;
    my $load = sub { my ($site, $n) = @_;
        return parallel(cookie_line($site, $site->browser), $site->httpd->root . '/answers', map { $site->url("/protected/?$_") } 1 .. $n) };
    is_deeply $load->($stored, 100), {200 => 100}, 'a hundred at once';
    my $pid = fork // die;
    if (!$pid) { sleep 0.2; kill 'KILL', $redis->{proc}->pid; POSIX::_exit(0) }
    my %seen;
    for (1 .. 4) { my $got = $load->($stored, 60); $seen{$_} += $got->{$_} for keys %$got }
    waitpid $pid, 0;
    is_deeply [grep { !/^(?:200|503)$/ } keys %seen], [], 'while it dies: 200 or 503, nothing else';
    is_deeply $load->($stored, 20), {503 => 20}, 'while it is down: 503';
    is_deeply $load->($kept, 20), {200 => 20}, 'sessions in cookies never notice';
    $redis->start;
    ok within(10, sub { $stored->new_browser->go($stored->url('/protected/'))->status == 200 }), 'it comes back, and with it logins';
    like join("\n", $stored->log->lines(qr/SSO270/)), qr{rediss://127\.0\.0\.1:\d+/0: (?:no connection to 127\.0\.0\.1: Connection refused|it closed the connection|its TLS broke: )}, 'the log says why';
    expect_log $stored, qr{SSO271: the Redis of SSOCache answers again: rediss://127};
    is login($stored, '/protected/', browser => my $other = $stored->new_browser)->status, 200, 'signed in again';
    cmp_ok $redis->ask('CLIENT', 'KILL', 'TYPE', 'normal'), '>', 0, 'Redis drops the connections that wait';
    is status($stored, $other), 200, 'nobody notices' for 1 .. 3;
    $redis->signal('STOP');
    my $start = time;
    is status($stored, $other), 503, 'hung: 503' for 1 .. 3;
    cmp_ok time - $start, '<', 8, 'after its time-out, and then at once';
    $redis->signal('CONT');
    ok within(10, sub { status($stored, $other) != 503 }), 'and on it goes';
    allow_log $_, $down, qr/SSO20\d: .*reason=store-failed|SSO210/ for $kept, $stored;
    $_->finish for $kept, $stored;
    $redis->stop;
};

subtest 'Sentinels over TLS, with a password of their own' => sub {
    my $redis = SSO::Cache->redis(tls => $server, args => ['--requirepass', 'right']);
    $redis->{cli} = ['-a', 'right'];
    my $sentinel = SSO::Cache->sentinel(tls => $server, args => ['sentinel monitor mymaster 127.0.0.1 ' . $redis->port . ' 1',
        'sentinel auth-pass mymaster right', 'requirepass watch%ful', 'user ask on >ask-pass +@all ~*']);
    my ($at, $pass, $watch) = ($sentinel->place, secret('right', 'right'), secret('watchful', "watch%ful\n"));
    for my $case (['its password', 'sentinel-password=watch%25ful'], ['its password in a file', "sentinel-password-file=$watch"],
        ['a user', 'sentinel-user=ask&sentinel-password=ask-pass']) {
        my ($name, $options) = @$case;
        my ($site) = machines(1, snippet => "SSOSessionStore cache\nSSOCache rediss+sentinel://127.0.0.1:1,$at/mymaster?$ca&$options&password-file=$pass");
        is login($site, '/protected/')->status, 200, "$name: signed in";
        is status($site, $site->browser), 200, '… and in';
        $site->finish;
    }
    for my $case (['none', '', qr/the Sentinel wants a password; write sentinel-password-file/],
        ['a wrong one', '&sentinel-password=hunter2', qr/the Sentinel's AUTH is refused \(WRONGPASS\)/]) {
        my ($name, $options, $says) = @$case;
        my ($site) = machines(1, snippet => "SSOCache rediss+sentinel://$at/mymaster?$ca&password-file=$pass$options");
        expect_log $site, qr/SSO315: .*$says/, "$name: the log says it";
        ok !(grep { /hunter2/ } $site->log->lines), '… not the password';
        allow_log $site, $down;
        $site->finish;
    }
    $_->stop for $sentinel, $redis;
};
done_testing;
