# SPDX-License-Identifier: Apache-2.0
# Logouts on every machine that shares a memcached, or a Redis through httpd's own client.
use lib 't/lib';
use SSO::Test;
use SSO::Cache;
use SSO::Machines;
use MIME::Base64 ();
use Time::HiRes qw(sleep time);

my $down = qr/SSO272|SSO274|SSO315|socache_(?:memcache|redis):/;
sub cookie_line { my ($site, $browser) = @_; my $c = $site->session_cookie($browser); return "$c->{name}=$c->{value}" }
sub status { my ($machine, $cookie) = @_; return $machine->new_browser->get($machine->url('/protected/'), headers => {Cookie => $cookie})->status }
# The bound that is promised is three seconds; a busy test machine gets more.
sub ends { my ($machine, $cookie, $name) = @_; return ok within(10, sub { status($machine, $cookie) == 302 }), $name }
sub finish { for my $machine (@_) { allow_log $machine, qr/SSO210/; $machine->finish } return }
my %client = (memcache => 'socache_memcache', redis => 'socache_redis');
sub together { my ($count, $client, $cache, %args) = @_;
    my $snippet = 'SSOSessionStore ' . (delete $args{store} // 'cookie') . "\nSSOCache $client:" . $cache->place;
    return machines($count, snippet => $snippet, httpd => {modules => [$client{$client}], %{delete $args{httpd} // {}}}, %args) }
sub signed_in { my ($machine, $sid) = @_;
    $machine->op->control({id_token => {claims => {sid => $sid}}}) if $sid;
    my $browser = $machine->new_browser;
    is login($machine, '/protected/', browser => $browser)->status, 200, 'signed in' . ($sid ? " as $sid" : '');
    return ($browser, cookie_line($machine, $browser)) }

for my $client ('memcache', 'redis') {
    subtest "$client: in at one, used at another, out at a third" => sub {
        my $cache = $client eq 'redis' ? SSO::Cache->redis : SSO::Cache->memcached;
        my ($a, $b, $c, @more) = together($client eq 'redis' ? 3 : 4, $client, $cache);
        my ($browser, $cookie) = signed_in($a);
        my (undef, $other) = signed_in($a);
        is status($_, $cookie), 200, 'she is in everywhere' for $a, $b, $c, @more;
        $_->stop for map { $_->httpd } @more;
        $browser->get($c->url('/sso/logout'));
        my $start = time;
        ends($_, $cookie, 'the cookie that was copied is worth nothing') for $c, $a, $b;
        note sprintf 'known everywhere after %.1f s', time - $start;
        for my $machine (@more, $a) {
            $machine->httpd->stop;
            $machine->httpd->start;
            is status($machine, $cookie), 302, 'nor at the first request to a machine that starts later';
        }
        $b->httpd->graceful;
        is status($b, $cookie), 302, 'nor after a graceful restart';
        is status($_, $other), 200, 'another session lives' for $a, $b, $c, @more;
        finish($a, $b, $c, @more);
        $cache->stop;
    };
}

for my $store ('cookie', 'cache') {
    subtest "SSOSessionStore $store: back-channel logout reaches every machine, and its token is good once" => sub {
        my $cache = SSO::Cache->memcached;
        my ($a, $b, $c) = together(3, 'memcache', $cache, store => $store);
        my (undef, $first) = signed_in($a, 's-1');
        my (undef, $second) = signed_in($a, 's-2');
        my $told = $a->op->logout(to => $a->url('/sso/backchannel-logout'), token => {claims => {sid => 's-1'}});
        is $told->{status}, 200, 'the provider tells the first machine';
        ends($_, $first, 'the session is over') for $a, $b, $c;
        is status($_, $second), 200, 'another sid lives' for $a, $b, $c;
        my $again = $a->op->logout(to => $b->url('/sso/backchannel-logout'), body => "logout_token=$told->{token}");
        is $again->{status}, 400, 'the same token at another machine is refused';
        expect_log $b, qr/SSO217: .*reason=revoke-seen/;
        $told = $a->op->logout(to => $b->url('/sso/backchannel-logout'), token => {claims => {sub => 'alice'}, remove => ['sid']});
        is $told->{status}, 200, 'all sessions of a person, told to the second machine';
        ends($_, $second, 'are over') for $b, $c, $a;
        my (undef, $later) = signed_in($a, 's-3');
        is status($_, $later), 200, 'a later login is not meant' for $a, $b, $c;
        finish($a, $b, $c);
        $cache->stop;
    };
}

subtest 'while keys are changed machine by machine, and without mod_watchdog' => sub {
    my $cache = SSO::Cache->memcached;
    my ($a, $b) = together(2, 'memcache', $cache, httpd => {without => ['watchdog']});
    my ($browser, $cookie) = signed_in($a);
    my ($second, $later) = signed_in($a);
    my ($file) = $a->httpd->conf =~ /^SSOKeyFile (\S+)/m;
    my ($old, $new) = (do { local (@ARGV, $/) = $file; <> }, MIME::Base64::encode_base64(join '', map { chr int rand 256 } 1 .. 32));
    for my $case ([$a, "$old$new"], [$b, "$new$old"]) {
        my ($machine, $keys) = @$case;
        my $path = $machine->httpd->write('conf/keys', $keys, 0600);
        $machine->httpd->conf($machine->httpd->conf =~ s/^SSOKeyFile .*/SSOKeyFile $path/mr);
        $machine->httpd->graceful;
    }
    $browser->get($a->url('/sso/logout'));
    $second->get($b->url('/sso/logout'));
    ends($b, $cookie, 'a logout at a machine that still seals with the old key');
    ends($a, $later, 'and at one that seals with the new one');
    allow_log $_, qr/SSO324/ for $a, $b;
    finish($a, $b);
    $cache->stop;
};
done_testing;
