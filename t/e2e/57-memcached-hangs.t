# SPDX-License-Identifier: Apache-2.0
# A memcached that hangs without being down: httpd's client waits for it without end, httpd must not.
use lib 't/lib';
use SSO::Test;
use SSO::Cache;
use SSO::Machines;
use Time::HiRes qw(sleep time);

sub status { my ($machine, $cookie) = @_; return $machine->new_browser->get($machine->url('/protected/'), headers => {Cookie => $cookie})->status }
my $cache = SSO::Cache->memcached;
my ($a, $b) = machines(2, snippet => 'SSOCache memcache:' . $cache->place, httpd => {modules => ['socache_memcache']});
is login($a, '/protected/')->status, 200, 'signed in';
my $cookie = do { my $c = $a->session_cookie; "$c->{name}=$c->{value}" };

$cache->signal('STOP');
for my $machine ($a, $b) {
    within(20, sub { scalar $machine->log->lines(qr/SSO274/) });
    expect_log $machine, qr/SSO274: .*SSOCache has not answered for \d+ seconds reason=store-failed/, 'it is said once';
}
$a->browser->get($b->url('/sso/logout'));
kill 'USR1', $b->httpd->pid;
my $start = time;
$a->httpd->stop;
cmp_ok time - $start, '<', 10, 'httpd stops';
$start = time;
$a->httpd->start;
cmp_ok time - $start, '<', 20, 'httpd starts';
is status($a, $cookie), 200, 'and serves, without what it cannot have heard';
ok within(10, sub { $b->log->lines(qr/resuming normal operations/) > 1 }), 'httpd reads its configuration anew';
is status($b, $cookie), 302, 'and remembers the logout';
$cache->signal('CONT');
ok within(20, sub { status($a, $cookie) == 302 }), 'as soon as memcached answers the other machine hears of it';
allow_log $_, qr/SSO210|SSO272|SSO274|SSO315|socache_memcache:/ for $a, $b;
$_->finish for $a, $b;
$cache->stop;
done_testing;
