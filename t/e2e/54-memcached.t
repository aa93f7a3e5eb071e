# SPDX-License-Identifier: Apache-2.0
# Several machines and one memcached, through httpd's own client.
use lib 't/lib';
use SSO::Test;
use SSO::Cache;
use SSO::Machines;
use Time::HiRes qw(sleep time);

my $down = qr/SSO210|SSO2\d\d: .*reason=store-|SSO315|socache_memcache:/;
sub cookie_line { my ($site, $browser) = @_; my $c = $site->session_cookie($browser); return "$c->{name}=$c->{value}" }
sub status { my ($machine, $browser) = @_; return $browser->get($machine->url('/protected/'))->status }
sub finish { for my $machine (@_) { $machine->finish } return }
my @memcache = (httpd => {modules => ['socache_memcache']});
my $memcached = SSO::Cache->memcached;
my $spec = 'memcache:' . $memcached->place;

subtest 'sessions in memcached are those of every machine' => sub {
    my ($a, $b, $c) = machines(3, snippet => "SSOSessionStore cache\nSSOCache $spec", @memcache);
    my ($browser, $other) = ($a->browser, $a->new_browser);
    is login($a, '/protected/', browser => $_)->status, 200, 'signed in at the first' for $browser, $other;
    is status($_, $browser), 200, 'she is in everywhere' for $a, $b, $c;
    my $cookie = cookie_line($a, $browser);
    $browser->get($c->url('/sso/logout'));
    is $a->new_browser->get($_->url('/protected/'), headers => {Cookie => $cookie})->status, 302, 'signed out at the third: out everywhere, at once' for $a, $b, $c;
    is status($_, $other), 200, 'the other browser is in' for $a, $b, $c;
    for my $machine ($a, $b) { $machine->httpd->stop; $machine->httpd->start }
    is status($_, $other), 200, 'after a restart too' for $a, $b;
    allow_log $_, qr/SSO210/ for $a, $b, $c;
    finish($a, $b, $c);
};

subtest 'sizes' => sub {
    my ($site) = machines(1, snippet => "SSOSessionStore cache\nSSOSessionClaims email groups\nSSOCache $spec", location => "SSOClaimPrefix none\nSSOClaimHeader email X-Mail", @memcache);
    for my $bytes (100, 20_000, 100_000) {
        $site->op->control({user => {groups => [map { join '', map { chr(33 + int rand 90) } 1 .. 90 } 1 .. $bytes / 90]}});
        is login($site, '/protected/', browser => my $browser = $site->new_browser)->status, 200, "a session of $bytes bytes";
        is status($site, $browser), 200, '… is found again';
    }
    finish($site);
};

subtest 'memcached is killed under load and comes back' => sub {
    my ($kept) = machines(1, snippet => "SSOCache $spec", @memcache);
    my ($stored) = machines(1, snippet => "SSOSessionStore cache\nSSOCache $spec", provider => $kept->op, @memcache);
    is login($_, '/protected/')->status, 200, 'signed in' for $kept, $stored;
    my $load = sub { my ($site, $n) = @_;
        return parallel(cookie_line($site, $site->browser), $site->httpd->root . '/answers', map { $site->url("/protected/?$_") } 1 .. $n) };
    is_deeply $load->($stored, 50), {200 => 50}, 'sessions in memcached';
    my $pid = fork // die;
    if (!$pid) { sleep 0.3; kill 'KILL', $memcached->{proc}->pid; POSIX::_exit(0) }
    my %seen;
    for (1 .. 5) { my $got = $load->($stored, 50); $seen{$_} += $got->{$_} for keys %$got }
    waitpid $pid, 0;
    is_deeply [grep { !/^(?:200|503)$/ } keys %seen], [], 'while it dies: 200 or 503, nothing else, no hang';
    is_deeply $load->($stored, 20), {503 => 20}, 'while it is down: 503';
    is_deeply $load->($kept, 50), {200 => 50}, 'sessions in cookies never notice';
    is $stored->new_browser->go($stored->url('/protected/'))->status, 503, 'a login that cannot be kept: 503, no loop';
    $memcached->kill;
    $memcached->start;
    ok within(20, sub { $stored->new_browser->go($stored->url('/protected/'))->status == 200 }), 'it comes back, and with it logins';
    ok within(20, sub { status($stored, $stored->browser) == 302 }), 'its memory is gone, so is the session';
    allow_log $_, $down for $kept, $stored;
    finish($kept, $stored);
};

subtest 'a hundred requests at two machines refresh once' => sub {
    my ($a, $b) = machines(2, op => {tokens => {refresh => 'always', expires_in => 4, family => true}}, location => 'SSOPassToken access',
        snippet => "SSOCache $spec", httpd => {servers => 4, threads => 32, modules => ['socache_memcache']});
    my $first = sent_header(login($a, '/protected/'), 'Authorization');
    my $refreshes = sub { return scalar grep { ($_->{form}{grant_type} // '') eq 'refresh_token' } $a->op->requests('/token') };
    sleep 4.3;
    # httpd's client knows no add-if-absent: two machines that begin at the same moment may both ask. One begins here.
    $a->op->control({token => {delay => 700}});
    my $early = fork // die;
    if (!$early) { $a->new_browser->get($a->url('/protected/?early'), headers => {Cookie => cookie_line($a, $a->browser)}); POSIX::_exit(0) }
    ok within(10, sub { $refreshes->() }), 'one machine asks';
    is_deeply parallel(cookie_line($a, $a->browser), $a->httpd->root . '/answers', map { ($a->url("/protected/?$_"), $b->url("/protected/?$_")) } 1 .. 50),
        {200 => 100}, 'all at both wait for it';
    waitpid $early, 0;
    is $refreshes->(), 1, 'one refresh';
    my @token = map { sent_header($_->new_browser->get($_->url('/protected/'), headers => {Cookie => cookie_line($a, $a->browser)}), 'Authorization') } $a, $b;
    is $token[0], $token[1], 'both machines pass on the same token';
    isnt $token[0], $first, 'the new one';
    is_deeply [$a->op->failures], [], 'no refresh token was used twice';
    finish($a, $b);
};
$memcached->stop;
done_testing;
