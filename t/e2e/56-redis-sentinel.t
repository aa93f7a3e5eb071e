# SPDX-License-Identifier: Apache-2.0
# SSOCache redis+sentinel://: whoever is the master is asked, and a failover costs seconds.
use lib 't/lib';
use SSO::Test;
use SSO::Cache;
use SSO::Machines;

sub status { my ($site, $browser) = @_; return $browser->get($site->url('/protected/'))->status }

my @redis = (SSO::Cache->redis(args => ['--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', 0]));
push @redis, SSO::Cache->redis(args => ['--replicaof', '127.0.0.1 ' . $redis[0]->port]);
my @sentinel = map { SSO::Cache->sentinel(args => ['sentinel monitor mymaster 127.0.0.1 ' . $redis[0]->port . ' 1',
    'sentinel down-after-milliseconds mymaster 700', 'sentinel failover-timeout mymaster 3000']) } 1 .. 1;
my $url = 'redis+sentinel://127.0.0.1:1,' . join(',', map { $_->place } @sentinel) . '/mymaster/0';
ok within(10, sub { $redis[1]->ask('ROLE') eq 'slave' && ($redis[1]->ask('ROLE'))[3] eq 'connected' }), 'a replica follows';
ok within(15, sub { grep { /num-slaves/ } my @said = $sentinel[0]->ask('SENTINEL', 'masters'); my %f = @said; ($f{'num-slaves'} // 0) == 1 }), 'the Sentinel knows it';
my ($site) = machines(1, snippet => "SSOSessionStore cache\nSSOCache $url");
is login($site, '/protected/')->status, 200, 'signed in, past a Sentinel that is not there';
ok within(5, sub { ($redis[1]->ask('DBSIZE'))[0] >= 1 }), 'the replica has the session';
$redis[0]->kill;
is status($site, $site->browser), 503, 'the master dies: 503';
ok within(30, sub { status($site, $site->browser) == 200 }), 'the Sentinels name another, and the session is there';
is login($site, '/protected/', browser => my $other = $site->new_browser)->status, 200, 'which takes new ones';
# A master that has become a replica while connections to it are open.
$redis[1]->ask('REPLICAOF', '127.0.0.1', '1');
is $site->new_browser->go($site->url('/protected/'))->status, 503, 'a replica takes nothing';
$redis[1]->ask('REPLICAOF', 'NO', 'ONE');
ok within(10, sub { $site->new_browser->go($site->url('/protected/'))->status == 200 }), 'as soon as there is a master all is well';
like join("\n", $site->log->lines(qr/SSO2/)), qr/READONLY|no master/, 'the log says why it did not';
allow_log $site, qr/SSO27[0124]|SSO2\d\d: .*store-failed|SSO210/;
$site->finish;
my ($none) = machines(1, snippet => "SSOSessionStore cache\nSSOCache redis+sentinel://" . $sentinel[0]->place . '/another');
expect_log $none, qr/SSO315: .*the Sentinel knows no master of this name/;
allow_log $none, qr/SSO27[0124]/;
$none->finish;
$_->stop for @sentinel, $redis[1];
done_testing;
