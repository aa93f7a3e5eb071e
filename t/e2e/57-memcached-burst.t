# SPDX-License-Identifier: Apache-2.0
# More logouts at once than a record of news has room for: all are written, and afterwards memcached is left in peace.
use lib 't/lib';
use SSO::Test;
use SSO::Cache;
use SSO::Machines;
use IO::Socket::IP;
use Time::HiRes qw(sleep);
require POSIX;

my $cache = SSO::Cache->memcached;
sub reads {
    my $s = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $cache->port) or die "memcached: $@";
    print $s "stats\r\n";
    while (<$s>) { return $1 if /^STAT cmd_get (\d+)/ }
    die 'no stats';
}
my ($machine) = machines(1, snippet => 'SSOCache memcache:' . $cache->place, httpd => {modules => ['socache_memcache']});
# Each ends a session, and its token is used: 1,120 entries.
my @pid = map {
    my $part = $_;
    my $pid = fork // die;
    if (!$pid) {
        my $told = grep { (eval { $machine->op->logout(to => $machine->url('/sso/backchannel-logout'),
            token => {claims => {sid => "$part-$_"}}) } // {})->{status} == 200 } 1 .. 140;
        POSIX::_exit($told == 140 ? 0 : 1);
    }
    $pid;
} 1 .. 4;
for (@pid) { waitpid $_, 0; is $?, 0, 'the provider tells of 140 logouts' }
ok within(30, sub { my $before = reads(); sleep 1; return reads() - $before < 20 }), 'the records are not read over and over';
$machine->finish;
$cache->stop;
done_testing;
