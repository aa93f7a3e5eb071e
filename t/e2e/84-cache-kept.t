# SPDX-License-Identifier: Apache-2.0
# Sessions and renewed tokens in SSOCache over reloads and restarts: what is kept, when it is made anew, what is left.
use lib 't/lib';
use SSO::Test;
use SSO::Machines;
use Time::HiRes qw(sleep);

sub status { my ($site, $browser) = @_; return $browser->get($site->url('/protected/'))->status }
sub token { my ($page) = @_; return sent_header($page, 'Authorization') // 'none' }
sub refreshes { my ($site) = @_; return scalar grep { ($_->{form}{grant_type} // '') eq 'refresh_token' } $site->op->requests('/token') }
sub reload { my ($site, $spec) = @_; $site->httpd->conf($site->httpd->conf =~ s/^SSOCache .*/SSOCache $spec/mr); return $site->httpd->graceful }
# Shared memory of the parent: pieces and bytes.
sub shared_memory {
    my ($site) = @_;
    no warnings 'portable'; # numbers of 64 bits
    open my $maps, '<', '/proc/' . $site->httpd->pid . '/maps' or die;
    my ($count, $bytes) = (0, 0);
    while (<$maps>) { /^(\w+)-(\w+) rw-s/ and $count++, $bytes += hex($2) - hex($1) }
    return ($count, $bytes);
}
# Clients that ask with this session until told to stop; their code returns how many answers were not 200.
sub clients {
    my ($site, $count) = @_;
    my $c = $site->session_cookie;
    my @pids = map {
        my $pid = fork // die;
        if (!$pid) {
            my ($failed, $go) = (0, 1);
            my $browser = $site->new_browser;
            local $SIG{TERM} = sub { $go = 0 };
            $SIG{ALRM} = sub { POSIX::_exit(99) };
            alarm 60;
            while ($go) {
                my $page = eval { $browser->get($site->url('/protected/'), headers => {Cookie => "$c->{name}=$c->{value}"}) };
                next if $page && $page->status == 200;
                last if !$go; # the signal broke it off
                diag 'failed: ', $page ? $page->summary : $@;
                $failed++;
            }
            POSIX::_exit($failed > 90 ? 90 : $failed);
        }
        $pid;
    } 1 .. $count;
    return sub { my $failed = 0; kill TERM => @pids; for (@pids) { waitpid $_, 0; $failed += $? >> 8 } return $failed };
}
# A login whose child is killed as soon as it has the file of the cache open: its value lies in many records there.
sub login_killed {
    my ($site) = @_;
    my ($parent, $cache) = ($site->httpd->pid, $site->httpd->root . '/run/sso-cache');
    my $pid = fork // die;
    if (!$pid) { $SIG{ALRM} = sub { POSIX::_exit(1) }; alarm 10; eval { login($site, '/protected/', browser => $site->new_browser) }; POSIX::_exit(0) }
    while (!waitpid $pid, POSIX::WNOHANG()) {
        open my $in, '<', "/proc/$parent/task/$parent/children" or die "children: $!";
        for my $child (split ' ', <$in> // '') {
            kill KILL => $child if grep { (readlink // '') eq $cache } glob "/proc/$child/fd/*";
        }
    }
    return;
}
require POSIX;

my $shmcb = 'shmcb:${ROOT}/run/sso-cache(1048576)';
for (['event', $shmcb, ''], ['prefork', $shmcb, 'fcntl:${ROOT}/run'], ['event', $shmcb, 'sysvsem'],
    ['event', 'dbm:${ROOT}/db/sso-cache', 'flock:${ROOT}/run']) {
    my ($mpm, $spec, $mutex) = @$_;
    subtest join(' ', $mpm, $spec =~ /(\w+)/, $mutex && "with Mutex $mutex") => sub {
        my $site = site(start => 0, httpd => {mpm => $mpm, modules => ['socache_dbm']}, location => 'SSOPassToken access',
            op => {tokens => {refresh => 'always', expires_in => 2, family => true}},
            snippet => "SSOSessionStore cache\nSSOCache $spec\n" . ($mutex && "Mutex $mutex sso-cache"));
        mkdir $site->httpd->root . '/db';
        $site->httpd->start;
        my $first = token(login($site, '/protected/'));
        $site->op->control({tokens => {expires_in => 3600}});
        my $second = $first;
        for (1 .. 50) { last if ($second = token($site->browser->get($site->url('/protected/')))) ne $first; sleep 0.1 }
        isnt $second, $first, 'its token is renewed';
        my $stop = clients($site, 2);
        my @before = shared_memory($site);
        for (1 .. 5) { $site->httpd->graceful; sleep $mpm eq 'event' ? 0.05 : 0.3 }
        is $stop->(), 0, 'five reloads: no request fails';
        is_deeply [shared_memory($site)], \@before, 'nor does memory grow';
        my $page = $site->browser->get($site->url('/protected/'));
        is token($page), $second, 'the renewed token is still there';
        is refreshes($site), 1, '… and was renewed once';
        is scalar($site->op->requests('/authorize')), 1, 'nobody was sent to sign in';
        $site->httpd->restart;
        is token($site->browser->get($site->url('/protected/'))), $second, 'a plain restart keeps them, too';
        my @left = $site->httpd->stop;
        is_deeply \@left, [], 'the end leaves nothing in memory';
        is_deeply [glob $site->httpd->root . '/{db,run}/*'], [], '… and no file';
        $site->httpd->start;
        is status($site, $site->browser), 302, 'the next start begins with an empty one';
        expect_log $site, qr/SSO210: .*reason=store-absent/;
        $site->finish;
    };
}

subtest 'another size is another cache' => sub {
    my $site = site(snippet => "SSOSessionStore cache\nSSOCache $shmcb");
    my $browser = $site->browser;
    is login($site, '/protected/')->status, 200, 'signed in';
    my $larger = $shmcb =~ s/1048576/2097152/r;
    reload($site, $larger);
    is status($site, $browser), 302, 'a larger one is empty';
    expect_log $site, qr/SSO210: .*reason=store-absent/;
    is login($site, '/protected/', browser => my $second = $site->new_browser)->status, 200, 'signing in works';
    reload($site, $shmcb);
    is status($site, $browser), 200, 'the last one is still there when its size comes back at once';
    reload($site, $larger);
    is status($site, $second), 200, '… in both directions';
    $site->httpd->graceful for 1 .. 2;
    reload($site, $shmcb);
    is status($site, $browser), 302, 'what two configurations did not name is gone';
    expect_log $site, qr/SSO210: .*reason=store-absent/;
    reload($site, $shmcb) for 1 .. 3;
    my @before = shared_memory($site);
    for my $n (1 .. 12) { reload($site, $shmcb =~ s/1048576/1048576 + 4096 * $n/er) }
    reload($site, $shmcb) for 1 .. 3;
    is_deeply [shared_memory($site)], \@before, 'many sizes in turn leave no memory behind';
    $site->finish;
};

subtest 'the next reload is asked for while a new cache is tried' => sub {
    my $site = site(start => 0, httpd => {modules => ['socache_dbm']}, snippet => "SSOSessionStore cache\nInclude \${ROOT}/conf/cache.conf");
    my $httpd = $site->httpd;
    my $cache = sub { rename $httpd->write('conf/new', "SSOCache dbm:\${ROOT}/run/sso-cache$_[0]\n"), $httpd->root . '/conf/cache.conf' or die "rename: $!" };
    $cache->(0);
    $httpd->start;
    is [$httpd->configtest]->[0], 1, 'httpd -t beside a server that runs';
    for my $n (1 .. 5) {
        $cache->($n);
        for (1 .. 150) { kill USR1 => $httpd->pid; sleep 0.001 }
    }
    ok within(10, sub { eval { login($site, '/protected/', browser => $site->new_browser)->status == 200 } }), 'httpd lives';
    allow_log $site, qr/SSO210/;
    $site->finish;
};

subtest 'two virtual hosts with the same cache, and one that is full' => sub {
    my $site = site(snippet => "SSOSessionStore cache\nSSOCache \"shmcb:\${ROOT}/run/sso-cache(200000)\"\nSSOSessionClaims email groups",
        location => "SSOClaimPrefix none\nSSOClaimHeader email X-Mail");
    $site->httpd->conf($site->httpd->conf . "<VirtualHost *:1>\nServerName http://other.localhost:1\n</VirtualHost>\n");
    $site->httpd->graceful;
    $site->op->control({user => {groups => [map { join '', map { chr(33 + int rand 90) } 1 .. 90 } 1 .. 44]}});
    login($site, '/protected/', browser => $site->new_browser) for 1 .. 50;
    like $site->log->take(qr/SSO279/, 10), qr/SSO279: SSOCache is nearly full/, 'is told so after a reload, too';
    allow_log $site, qr/SSO279/;
    $site->finish;
};

subtest 'mod_socache_shmcb is replaced on disk' => sub {
    my $path = SSO::Httpd::host_facts()->{modules} . '/mod_socache_shmcb.so';
    my $site = site(start => 0, httpd => {without => ['socache_shmcb']}, snippet => "SSOSessionStore cache\nSSOCache $shmcb");
    my $code = do { open my $in, '<:raw', $path or die "$path: $!"; local $/; <$in> };
    my $mine = $site->httpd->write('conf/shmcb.so', $code);
    $site->httpd->conf("LoadModule socache_shmcb_module $mine\n" . $site->httpd->conf);
    $site->httpd->start;
    is login($site, '/protected/')->status, 200, 'signed in';
    (my $other = $code) =~ s/Shared memory socache initialised/Shared memory socache initialized/ or die 'another mod_socache_shmcb';
    rename $site->httpd->write('conf/new.so', $other), $mine or die "rename: $!";
    $site->httpd->graceful for 1 .. 2;
    is status($site, $site->browser), 200, 'by another build: reloads go on with the one that made the memory';
    $site->httpd->write('conf/other.so', $other);
    $site->httpd->conf($site->httpd->conf =~ s/shmcb\.so/other.so/r);
    $site->httpd->graceful;
    is status($site, $site->browser), 302, 'another file begins anew';
    expect_log $site, qr/SSO210: .*reason=store-absent/;
    is login($site, '/protected/', browser => $site->new_browser)->status, 200, '… and works';
    unlink $mine;
    $site->httpd->conf($site->httpd->conf =~ s/^LoadModule .*\n//mr =~ s/^SSO(?:SessionStore|Cache) .*\n//mgr);
    $site->httpd->graceful for 1 .. 5;
    is login($site, '/protected/', browser => $site->new_browser)->status, 200, 'nor does it matter when it is taken out';
    $site->finish;
};

subtest 'the file of dbm is gone' => sub {
    my $site = site(httpd => {modules => ['socache_dbm']}, snippet => "SSOSessionStore cache\nSSOCache dbm:\${ROOT}/run/sso-cache");
    is login($site, '/protected/')->status, 200, 'signed in';
    unlink glob $site->httpd->root . '/run/sso-cache*' or die "unlink: $!";
    is status($site, $site->browser), 503, 'what lies there cannot be read';
    expect_log $site, qr/SSO223: .*reason=store-failed/;
    $site->httpd->graceful;
    expect_log $site, qr/SSO373: the file of SSOCache is gone; it is made anew reason=store-gone/;
    is login($site, '/protected/')->status, 200, 'a reload is enough';
    $site->httpd->graceful;
    is status($site, $site->browser), 200, '… once';
    my $conf = $site->httpd->conf;
    $site->httpd->conf($conf =~ s/^\s*(?:SSO|AuthType sso).*\n//mgir);
    $site->httpd->graceful;
    is $site->new_browser->get($site->url('/'))->status, 200, 'a configuration without providers';
    $site->httpd->stop;
    is_deeply [glob $site->httpd->root . '/run/*'], [], '… leaves no file behind either';
    allow_log $site, qr/socache_dbm:|SSO210/;
    $site->finish;
};

subtest 'a process is killed while it writes' => sub {
    my $site = site(httpd => {mpm => 'prefork', modules => ['socache_dbm']}, location => "SSOClaimPrefix none\nSSOClaimHeader email X-Mail",
        snippet => "SSOSessionStore cache\nSSOSessionClaims email groups\nSSOCache dbm:\${ROOT}/run/sso-cache");
    $site->op->control({user => {groups => [map { join '', map { chr(33 + int rand 90) } 1 .. 90 } 1 .. 900]}});
    my $said;
    for (1 .. 20) {
        login_killed($site);
        status($site, $site->new_browser);
        login($site, '/protected/', browser => $site->new_browser);
        last if $said = $site->log->take(qr/SSO365/, 0.1);
    }
    like $said, qr/SSO365: a process died while it wrote to SSOCache; .* reason=store-doubt/, 'the log says so';
    is login($site, '/protected/', browser => my $browser = $site->new_browser)->status, 200, 'logins go on';
    $site->httpd->graceful;
    is status($site, $browser), 302, 'the next reload makes it anew';
    is login($site, '/protected/', browser => $browser)->status, 200, '… and it works';
    $site->httpd->graceful;
    is status($site, $browser), 200, '… and is kept';
    for (1 .. 20) {
        login_killed($site);
        $site->httpd->restart;
        last if $said = $site->log->take(qr/SSO365/, 0.1);
    }
    like $said, qr/SSO365: .*; it is made anew reason=store-doubt/, 'a restart sees it before anybody asks';
    allow_log $site, qr/SSO210|SSO2\d\d|AH00052|child pid/;
    $site->finish;
};
done_testing;
