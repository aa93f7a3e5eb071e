# SPDX-License-Identifier: Apache-2.0
# What a memcached does to logouts of other machines when it dies, or holds what somebody else put there.
use lib 't/lib';
use SSO::Test;
use SSO::Cache;
use SSO::Machines;
use IO::Socket::IP;
use Time::HiRes qw(sleep time);

my $down = qr/SSO272|SSO274|SSO315|socache_memcache:/;
sub cookie_line { my ($site, $browser) = @_; my $c = $site->session_cookie($browser); return "$c->{name}=$c->{value}" }
sub status { my ($machine, $cookie) = @_; return $machine->new_browser->get($machine->url('/protected/'), headers => {Cookie => $cookie})->status }
sub ends { my ($machine, $cookie, $name) = @_; return ok within(20, sub { status($machine, $cookie) == 302 }), $name }
sub finish { for my $machine (@_) { allow_log $machine, qr/SSO210/; $machine->finish } return }
sub together { my ($count, $cache, %args) = @_;
    return machines($count, snippet => 'SSOCache memcache:' . $cache->place, httpd => {modules => ['socache_memcache']}, %args) }
sub signed_in { my ($machine) = @_;
    my $browser = $machine->new_browser;
    is login($machine, '/protected/', browser => $browser)->status, 200, 'signed in';
    return ($browser, cookie_line($machine, $browser)) }
# What memcached says to one command, up to its last line.
sub talk { my ($cache, $command) = @_;
    my $s = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $cache->port) or die "memcached: $@";
    print $s "$command\r\n";
    my $said = '';
    while (defined(my $line = <$s>)) {
        $said .= $line;
        return $said if $line =~ /^(?:END|STORED|[A-Z_]*ERROR.*)\r?$/;
    }
    die "memcached closed the connection after: $said" }
# The names of what machines tell each other, and what is there under one.
sub names { my ($cache) = @_; my $ours = unpack 'H*', 'ended1:';
    return sort map { /^key=mod_sso_oidc%3A($ours\w+)/ ? "mod_sso_oidc:$1" : () } split /\n/, talk($cache, 'lru_crawler metadump all') }
sub record { my ($cache, $name) = @_; my ($value) = talk($cache, "get $name") =~ /^VALUE [^\n]*\n(.*)\r\n/s; return $value // '' }
sub plant { my ($cache, $name, $value) = @_; return like talk($cache, "set $name 0 0 " . length($value) . "\r\n$value"), qr/STORED/, 'planted' }

subtest 'what somebody else put there' => sub {
    my $cache = SSO::Cache->memcached;
    my ($a, $b, $c) = together(3, $cache);
    my ($browser, $cookie) = signed_in($a);
    my (undef, $other) = signed_in($a);
    $browser->get($a->url('/sso/logout'));
    ends($_, $cookie, 'signed out') for $a, $b;
    my ($stranger) = together(1, $cache);
    my @names;
    ok within(10, sub { @names = names($cache); @names == 3 }), 'the news, the bucket of the session, the news of strangers' or diag "@names";
    my $hex = unpack 'H*', ':64';
    my %of = map { substr($_, 0, -length $hex) => 1 } grep { /$hex$/ } @names;
    my ($bucket) = grep { !/$hex$/ } @names;
    my ($ours) = grep { $bucket =~ /^\Q$_/ } keys %of;
    my ($theirs) = grep { $_ ne $ours } keys %of;
    my $news = "$ours$hex";
    unlike record($cache, $_), qr/alice|example/, 'records are sealed' for @names;
    for my $case (['garbage', 'x' x 500], ['nothing', ''], ['a record cut off', substr record($cache, $news), 0, -9], ['a record of other keys', record($cache, "$theirs$hex")],
        ['another record of ours', record($cache, $bucket)]) {
        my ($name, $value) = @$case;
        plant($cache, $_, $value) for $news, $bucket;
        ok within(10, sub { !grep { my $is = record($cache, $_); $is eq '' || $is eq $value } $news, $bucket }), "$name in place of them: they are written anew"
            if $name ne 'another record of ours';
        ok within(10, sub { record($cache, $news) ne $value }), "$name in place of the news: they are written anew";
    }
    my ($again, $late) = signed_in($a);
    my $thief = fork // die;
    if (!$thief) { my $s = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $cache->port);
        while (1) { for my $name ($news, map { "$ours" . unpack 'H*', ":$_" } 0 .. 63) { print $s "delete $name noreply\r\n" } sleep 0.05 } }
    $again->get($a->url('/sso/logout'));
    ok within(15, sub { $a->log->lines(qr/SSO363/) }), 'somebody deletes what machines tell each other';
    expect_log $a, qr/SSO363: SSOCache does not keep what other machines are to know of ended sessions: .*reason=share-lost/;
    kill 'KILL', $thief;
    waitpid $thief, 0;
    ends($_, $late, 'when he is gone every machine hears of it') for $a, $b;
    $c->httpd->stop;
    $c->httpd->start;
    is status($_, $cookie), 302, 'who was signed out still is, at a machine that starts too' for $a, $b, $c;
    is status($_, $other), 200, 'and nobody else' for $a, $b, $c;
    for my $machine ($a, $b) {
        allow_log $machine, qr/SSO360: .*reason=box-/;
        cmp_ok scalar($machine->log->lines(qr/SSO360/)), '<=', 1, 'said once a minute';
    }
    ok +(grep { $_->log->lines(qr/SSO360: what SSOCache has of ended sessions cannot be read and is written anew: .*reason=box-/) } $a, $b, $c), 'the log says what was found';
    allow_log $c, qr/SSO360: .*reason=box-/;
    finish($a, $b, $c, $stranger);
    $cache->stop;
};

subtest 'memcached is killed and comes back empty' => sub {
    my $cache = SSO::Cache->memcached;
    my ($a, $b, $c) = together(3, $cache);
    my ($first, $early) = signed_in($a);
    my ($second, $late) = signed_in($a);
    $first->get($a->url('/sso/logout'));
    ends($_, $early, 'signed out') for $a, $b;
    $c->httpd->stop;
    $cache->kill;
    expect_log_soon($a, qr/SSO274: sessions that other machines end are not heard of: .*reason=store-failed/);
    $second->get($b->url('/sso/logout'));
    is status($b, $late), 302, 'a logout meanwhile holds where it happened';
    is status($a, $late), 200, 'and is not known elsewhere yet';
    $cache->start;
    ends($a, $late, 'as soon as memcached is back the other hears of it');
    $c->httpd->start;
    is status($c, $_), 302, 'a machine that starts later knows both' for $early, $late;
    expect_log_soon($_, qr/SSO362: /) for $a, $b;
    allow_log $_, $down for $a, $b, $c;
    finish($a, $b, $c);
    $cache->stop;
};

sub expect_log_soon { my ($machine, $pattern) = @_; within(20, sub { scalar $machine->log->lines($pattern) }); return expect_log $machine, $pattern }
done_testing;
