# SPDX-License-Identifier: Apache-2.0
# Sessions of any size in shared memory, and what happens when it is full.
use lib 't/lib';
use SSO::Test;
use SSO::Cache;
use SSO::Machines;

sub status { my ($site, $browser) = @_; return $browser->get($site->url('/protected/'))->status }
sub groups { my ($bytes) = @_; return [map { join '', map { chr(33 + int rand 90) } 1 .. 90 } 1 .. $bytes / 90] }
sub sign_in {
    my ($site, $bytes) = @_;
    $site->op->control({user => {groups => groups($bytes)}});
    my $browser = $site->new_browser;
    return ($browser, login($site, '/protected/', browser => $browser)->status);
}
my $store = "SSOSessionStore cache\nSSOSessionClaims email groups\n";
my @few = (location => "SSOClaimPrefix none\nSSOClaimHeader email X-Mail");

subtest 'a cache of one megabyte' => sub {
    my $site = site(snippet => $store . 'SSOCache "shmcb:${ROOT}/run/sso-cache(1048576)"', @few);
    for my $bytes (100, 2_000, 20_000, 60_000) {
        my ($browser, $status) = sign_in($site, $bytes);
        is $status, 200, "a session of $bytes bytes";
        is status($site, $browser), 200, '… is found again';
    }
    my (undef, $status) = sign_in($site, 130_000);
    is $status, 503, 'more than fits at all: the login fails';
    expect_log $site, qr/SSO2\d\d: .*no room for \d+ bytes; give it more, as in SSOCache .*reason=store-too-large/, 'naming the size and the remedy';
    ($status) = (sign_in($site, 180_000))[1];
    is $status, 502, 'more than any session holds';
    expect_log $site, qr/SSO209: .*180\d\d\d bytes of claims, at most 131072; largest: groups .*reason=claims-too-large/, 'is named too';
    allow_log $site, qr/SSO2\d\d: .*reason=(?:store-too-large|box-too-large|session-\S+)/, qr/socache_shmcb:error/;
    $site->finish;
};

subtest 'it is said before it is full, and what is dropped is a session, not the server' => sub {
    my $site = site(snippet => $store . 'SSOCache "shmcb:${ROOT}/run/sso-cache(200000)"', @few);
    my ($first, $status) = sign_in($site, 4_000);
    is $status, 200, 'the first one';
    sign_in($site, 4_000) for 1 .. 4;
    ok !$site->log->take(qr/SSO279/, 4.5), 'where there is room nothing is said';
    is status($site, $first), 200, 'the first one is there';
    # Which of the cache's parts a session goes to is chance; with so many one of them is full.
    my $said;
    for (1 .. 50) {
        (my $browser, $status) = sign_in($site, 4_000);
        last if $status != 200 || ($said = $site->log->take(qr/SSO279/, 0.5));
    }
    is $status, 200, 'logins go on';
    like $said, qr/SSO279: SSOCache is nearly full: its fullest part is at \d+ percent; .*shmcb:\/path\(800000\).* reason=store-full/, 'the log warns';
    # Here too: the oldest goes when its own part is full.
    my $browser;
    for (1 .. 200) {
        ($browser, $status) = sign_in($site, 4_000);
        last if $status != 200 || ($_ >= 30 && status($site, $first) != 200);
    }
    is $status, 200, 'a full cache takes new sessions';
    is status($site, $browser), 200, '… which are found';
    is status($site, $first), 302, 'the oldest is dropped and has to sign in again';
    expect_log $site, qr/SSO210: .*reason=store-absent/;
    allow_log $site, qr/SSO210|SSO279/;
    $site->finish;
};

subtest 'expired sessions go first' => sub {
    my $site = site(snippet => $store . 'SSOSessionTimeout 3s 3s' . "\n" . 'SSOCache "shmcb:${ROOT}/run/sso-cache(200000)"', @few);
    sign_in($site, 4_000) for 1 .. 30;
    sleep 4;
    my @browser = map { (sign_in($site, 4_000))[0] } 1 .. 8;
    is scalar(grep { status($site, $_) == 200 } @browser[-3 .. -1]), 3, 'new ones take their place';
    allow_log $site, qr/SSO210|SSO279/;
    $site->finish;
};

subtest 'httpd\'s own client of Redis' => sub {
    my $redis = SSO::Cache->redis;
    my $site = site(snippet => $store . 'SSOCache redis:' . $redis->place, httpd => {modules => ['socache_redis']}, @few);
    for my $bytes (100, 20_000, 100_000) {
        my ($browser, $status) = sign_in($site, $bytes);
        is $status, 200, "a session of $bytes bytes";
        is status($site, $browser), 200, '… is found again';
    }
    $site->finish;
    $redis->stop;
};
subtest 'a file (dbm), whose records hold less than a kilobyte' => sub {
    my $site = site(snippet => $store . 'SSOCache dbm:${ROOT}/run/sso-cache' . "\nSSOSessionTimeout 20s 20s", httpd => {modules => ['socache_dbm']}, @few);
    my @held;
    for my $bytes (100, 700, 2_000, 20_000, 100_000) {
        my ($browser, $status) = sign_in($site, $bytes);
        is $status, 200, "a session of $bytes bytes";
        is status($site, $browser), 200, '… is found again';
        push @held, $browser;
    }
    is_deeply [map { status($site, $_) } @held], [(200) x @held], 'each of them';
    my $cookie = $site->session_cookie($held[3]);
    $held[3]->get($site->url('/sso/logout'));
    is $site->new_browser->get($site->url('/protected/'), headers => {Cookie => "$cookie->{name}=$cookie->{value}"})->status, 302, 'one that is signed out is out';
    expect_log $site, qr/SSO210: .*reason=(?:store-absent|session-revoked)/;
    is_deeply [map { status($site, $_) } @held[0 .. 2, 4]], [(200) x 4], '… and the others are not';
    my ($status) = (sign_in($site, 180_000))[1];
    is $status, 502, 'more than any session holds';
    expect_log $site, qr/SSO209: .*180\d\d\d bytes of claims, at most 131072; largest: groups .*reason=claims-too-large/, 'is named';
    my $files = sub { return scalar(() = glob $site->httpd->root . '/run/sso-cache*') };
    ok $files->(), 'it lies in a file';
    $site->httpd->stop;
    is $files->(), 0, '… which is gone at the end';
    $site->finish;
};

subtest 'a file that is no cache is left alone' => sub {
    my $site = site(start => 0, snippet => $store . 'SSOCache dbm:${ROOT}/conf/notes.txt', httpd => {modules => ['socache_dbm']}, @few);
    my $notes = "no database, but of some value to somebody\n" x 300;
    $site->httpd->write('conf/notes.txt', $notes);
    ok !$site->httpd->try_start, 'httpd does not start';
    expect_log $site, qr/SSO013: SSOCache does not work: SSOCache dbm:\S+notes.txt cannot be set up: .* reason=store-failed/;
    is $site->httpd->read('conf/notes.txt'), $notes, '… and the file is as it was';
    allow_log $site, qr/socache_dbm:error|AH00020|BDB0/;
    $site->finish;
};

subtest 'a cache that takes less than this session' => sub {
    my $site = site(snippet => $store . 'SSOCache "shmcb:${ROOT}/run/sso-cache(65536)"', @few);
    my ($browser, $status) = sign_in($site, 100);
    is $status, 200, 'a session of 100 bytes';
    is status($site, $browser), 200, '… is found again';
    my $asked = $site->op->requests('/authorize');
    ($browser, $status) = sign_in($site, 100_000);
    is $status, 503, 'one of 100 KB is a failed login';
    expect_log $site, qr/SSO209: .*no room for \d+ bytes; give it more, as in SSOCache .* reason=store-too-large/, '… that names the size';
    is scalar($site->op->requests('/authorize')), $asked + 1, '… and no loop';
    is scalar(grep { $_->{name} =~ /^sso-\d+$/ } $browser->jar->all), 0, '… without a session';
    allow_log $site, qr/socache_shmcb:error/;
    $site->finish;
};
done_testing;
