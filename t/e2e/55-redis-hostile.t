# SPDX-License-Identifier: Apache-2.0
# A Redis that lies, hangs, never ends or has become somebody else: bounded time and memory, 503, and never a wrong session.
use lib 't/lib';
use SSO::Test;
use SSO::Cache;
use SSO::Machines;
use Time::HiRes qw(sleep time);

sub status { my ($site, $browser, $path) = @_; return $browser->get($site->url($path // '/protected/'))->status }
# The largest of the server's processes, in KB.
sub memory {
    my ($site) = @_;
    my ($most) = sort { $b <=> $a } map { open my $in, '<', "/proc/$_/status" or return 0; local $/; <$in> =~ /VmRSS:\s+(\d+)/ } $site->httpd->_group;
    return $most;
}

my $fake = SSO::Cache->fake_redis;
my ($kept) = machines(1, snippet => 'SSOCache ' . $fake->url);
my ($stored) = machines(1, snippet => "SSOTimeout 1 5\nSSOSessionStore cache\nSSOCache " . $fake->url, provider => $kept->op, start => 0);
$stored->httpd->start;
expect_log $_, qr/SSO315: .*reason=store-absent/, 'the self-test of a start is not fooled' for $kept, $stored;
is login($kept, '/protected/')->status, 200, 'a session in the cookie';

# [name, what GET is answered with, what the log says]
my @lies = (
    ['LOADING', '-LOADING Redis is loading the dataset in memory\r\n', qr/GET: it is still loading its data \(LOADING\)/],
    ['an error without a word', '-\r\n', qr/it refuses the command \(an error\)/],
    ['an error that quotes the password', '-ERR unknown hunter2\r\n', qr/it refuses the command \(ERR\)/],
    ['MOVED', '-MOVED 3999 127.0.0.1:6381\r\n', qr/it is part of a cluster/],
    ['NOPERM', '-NOPERM no\r\n', qr/its ACL does not let this user \(NOPERM\)/],
    ['READONLY', '-READONLY You cannot write\r\n', qr/it is a replica and takes nothing \(READONLY\)/],
    ['another type', ':1\r\n', qr/GET is answered with something else/],
    ['a status', '+OK\r\n', qr/GET is answered with something else/],
    ['an array', '*2\r\n$1\r\na\r\n$1\r\nb\r\n', qr/GET is answered with something else/],
    ['garbage', 'HTTP/1.1 400 Bad Request\r\n\r\n', qr/what it says is not Redis's protocol/],
    ['a broken length', '$abc\r\n', qr/what it says is not Redis's protocol/],
    ['a negative length', '$-5\r\nx\r\n', qr/what it says is not Redis's protocol/],
    ['a length beyond all numbers', '$99999999999999999999\r\nx\r\n', qr/what it says is not Redis's protocol|does not answer in time/],
    ['an array of two thousand million', '*2000000000\r\n', qr/what it says is not Redis's protocol/],
    ['an array of a negative count', '*-7\r\n', qr/what it says is not Redis's protocol/],
    ['a number of a later protocol', ',1.5\r\n', qr/what it says is not Redis's protocol/],
    ['a truth of a later protocol in an array', '*1\r\n#t\r\n', qr/what it says is not Redis's protocol/],
    ['arrays in arrays', '*1\r\n' x 20, qr/what it says is not Redis's protocol|does not answer in time/], # a later hiredis waits for more
    ['half an answer', 'half', qr/it closed the connection|does not answer in time/],
    ['nothing, closed', 'close', qr/it closed the connection|Connection reset/],
    ['nothing ever', 'hang', qr/it does not answer in time/],
    ['a byte now and then', 'drip', qr/it does not answer in time/],
    ['without end', 'endless', qr/its reply is longer than 1048576 bytes/],
    ['arrays without end', 'storm', qr/its reply is longer than 1048576 bytes/],
    ['a large lie', '$3000000\r\nx{2000000}', qr/its reply is longer than 1048576 bytes/],
    ['not sealed', '$5\r\nhello\r\n', undef],
    ['empty', '$0\r\n\r\n', undef],
    ['zeros', '$4\r\n\x00\x00\x00\x00\r\n', undef],
);
$fake->say;
sleep 1.2;
my $browser = $stored->new_browser;
$browser->go($stored->url('/protected/'));
ok within(8, sub { $browser->go($stored->url('/protected/')); $stored->session_cookie($browser) }), 'a session in a cache that keeps nothing';
is status($stored, $browser), 302, 'is none';
my $before = memory($stored);
for my $case (@lies) {
    my ($name, $answer, $says) = @$case;
    $fake->say(GET => $answer);
    my $start = time;
    my $page;
    # What came before may have been remembered for a second.
    within(4, sub { $page = $browser->get($stored->url('/protected/')); !grep { /did not answer a moment ago/ } ($stored->log->lines(qr/SSO210/))[-1] // '' });
    cmp_ok time - $start, '<', 8, "$name: bounded time";
    if ($says) {
        is $page->status, 503, '… 503';
        like +($stored->log->lines(qr/SSO210/))[-1], $says, '… and the log says why';
    }
    else {
        is $page->status, 302, '… no session';
    }
    is scalar(grep { $_->{name} =~ /^sso-\d+$/ } $browser->jar->all), 1, '… the cookie stays' if $says;
    is status($kept, $kept->browser), 200, '… sessions in cookies never notice';
}
cmp_ok memory($stored) - $before, '<', 40_000, 'no memory was taken for what was promised' if !$ENV{SSO_PRELOAD};
ok !(grep { /hunter2/ } $stored->log->lines), 'what an error quotes is not logged';

subtest 'two answers to one question' => sub {
    $fake->say(GET => '$-1\r\n$5\r\nhello\r\n');
    sleep 1.1;
    is status($stored, $browser), 302, 'the first one counts' for 1 .. 6;
    is scalar(grep { /hello|something else/ } $stored->log->lines(qr/SSO210.*store/)), scalar(grep { /something else/ } $stored->log->lines(qr/SSO210/)), 'the second is nobody\'s';
};

subtest 'a stream of lies about other machines' => sub {
    my $string = sub { return '$' . length($_[0]) . '\r\n' . $_[0] . '\r\n' };
    my $now = int(time * 1000);
    my @entry = (':1\r\n', '*0\r\n', '*2\r\n:1\r\n:1\r\n', '*2\r\n$3\r\na-b\r\n*0\r\n', '*2\r\n' . $string->('9' x 26 . '-9') . '*0\r\n',
        '*2\r\n' . $string->('9' x 60) . '*0\r\n', '*2\r\n' . $string->("$now-0") . '*0\r\n', '*2\r\n' . $string->("$now-1") . '*2\r\n:1\r\n:2\r\n',
        map { '*2\r\n' . $string->("$now-$_->[0]") . '*2\r\n' . $string->('e') . $string->($_->[1]) } [2, 'forged'], [3, 'A' x 92], [4, 'B' x 5000]);
    my $stream = '*1\r\n*2\r\n$18\r\nmod_sso_oidc:ended\r\n*' . @entry . '\r\n' . join '', @entry;
    for my $lie ('+OK\r\n', '*0\r\n', '*1\r\n:1\r\n', '*1\r\n*1\r\n:1\r\n', '*1\r\n*2\r\n:1\r\n:2\r\n', $stream) {
        $fake->say(XREAD => $lie);
        sleep 1.1;
        is status($kept, $kept->browser), 200, 'nobody is signed out';
    }
    expect_log $kept, qr/SSO275: .*reason=box-/, 'entries that nobody with the keys made are named';
    $fake->say;
};

is status($kept, $kept->browser), 200, 'in the end all is as before';
$fake->say;
ok within(8, sub { status($stored, $browser) == 302 }), '… with the cache too';
my $died = qr/exit signal/;
ok !(grep { /$died/ } map { $_->log->lines } $kept, $stored), 'no process has died';
allow_log $_, qr/SSO2\d\d: .*(?:store-|redis-|box-)|SSO210|SSO27\d|SSO223/ for $kept, $stored;
for my $site ($kept, $stored) { $site->finish }
$fake->{proc}->stop;

done_testing;
