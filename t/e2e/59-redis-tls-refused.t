# SPDX-License-Identifier: Apache-2.0
# SSOCache rediss:// trusts nobody whose certificate is not right, waits for nobody who does not speak TLS, and takes no answer for
# another; each time the log says which it was.
use lib 't/lib';
use SSO::Test;
use SSO::Cache;
use SSO::Machines;
use File::Temp ();
use IO::Socket::IP;
use Time::HiRes qw(time);

my $dir = File::Temp->newdir('sso-redis-XXXXXXXX', TMPDIR => 1);
chmod 0755, $_ for "$dir", map { mkdir "$dir/$_"; "$dir/$_" } qw(ours other);
my ($ours, $other) = map { SSO::Tls->new("$dir/$_") } qw(ours other);
my $good = $ours->leaf('good');
my $client = $ours->leaf('client', client => 1);
my $stranger = $other->leaf('stranger', client => 1);
chmod 0600, $_->{key} for $client, $stranger;
my $ca = 'ca-file=' . $ours->ca;
my $down = qr/SSO27[0124]|SSO210: .*store-failed|SSO2(?:23|11|12|43|40): .*reason=store-failed|SSO315/;
sub file { my ($name, $text, $mode) = @_; open my $out, '>', "$dir/$name" or die; print $out $text; close $out; chmod $mode // 0600, "$dir/$name"; return "$dir/$name" }
sub redis { my ($leaf, %more) = @_; return SSO::Cache->redis(tls => {%$leaf, ca => $ours->ca, as => $client, %more}) }
sub status { my ($site, $browser) = @_; return $browser->get($site->url('/protected/'))->status }
my ($first) = machines(1);
my @with = (provider => $first->op, keep_provider => 1);

subtest 'what does not show the right certificate, or does not speak TLS' => sub {
    my $redis = redis($good);
    my $strict = redis($good, clients => 'yes');
    my $strict12 = SSO::Cache->redis(tls => {%$good, ca => $ours->ca, as => $client, clients => 'yes'}, args => ['--tls-protocols', 'TLSv1.2']);
    my ($expired, $self, $named) = map { redis($_) } $ours->leaf('expired', expired => 1), $ours->leaf('self', self_signed => 1), $ours->leaf('named', names => ['redis.example']);
    my $plain = SSO::Proc->start(command => [$^X, '-MIO::Socket::IP', '-e', '$| = 1; my $l = IO::Socket::IP->new(LocalHost => "127.0.0.1", LocalPort => 0, Listen => 5) or die;
        print "READY ", $l->sockport, "\n"; while (my $c = $l->accept) { syswrite $c, "-ERR unknown command\r\n"; sysread $c, my $x, 4096 }'], ready => qr/^READY (\d+)/);
    my $hung = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 50) or die; # the kernel connects, nobody answers
    my @case = (
        ['an authority that nobody named', $redis->url, qr/the certificate of 127\.0\.0\.1 is refused: SSL certificate problem: (?:unable to get local issuer certificate|self-signed certificate in certificate chain)/],
        ['another authority', $redis->url('', '?ca-file=' . $other->ca), qr/the certificate of 127\.0\.0\.1 is refused: SSL certificate problem: (?:unable to get local issuer certificate|self-signed certificate in certificate chain)/],
        ['expired', $expired->url('', "?$ca"), qr/the certificate of 127\.0\.0\.1 is refused: SSL certificate problem: certificate has expired/],
        ['self-signed', $self->url('', "?$ca"), qr/the certificate of 127\.0\.0\.1 is refused: SSL certificate problem: self-signed certificate/],
        ['another name', 'rediss://localhost:' . $named->port . "?$ca", qr/the certificate of localhost is refused: SSL: no alternative certificate subject name matches target host name 'localhost'/],
        ['another address', $named->url('', "?$ca"), qr/the certificate of 127\.0\.0\.1 is refused: SSL: no alternative certificate subject name matches target host name '127\.0\.0\.1'/],
        ['no TLS there', "rediss://127.0.0.1:$plain->{ready}?$ca", qr/no TLS with 127\.0\.0\.1: .*wrong version number/],
        ['no handshake', 'rediss://127.0.0.1:' . $hung->sockport . "?$ca", qr/127\.0\.0\.1 takes the connection but does not complete the TLS handshake in time/],
        ['a Sentinel without a handshake', 'rediss+sentinel://127.0.0.1:' . $hung->sockport . "/m?$ca", qr/127\.0\.0\.1 takes the connection but does not complete the TLS handshake in time/],
        ['nobody there', "rediss://127.0.0.1:1?$ca", qr/no connection to 127\.0\.0\.1: Connection refused/],
        ['no address', "rediss://redis.invalid?$ca", qr/no connection to redis\.invalid: there is no address of this name/],
        ['a client certificate is wanted', $strict->url('', "?$ca"), qr/127\.0\.0\.1 ends the connection after the TLS handshake \(.*\); does it want a client certificate \(cert-file, key-file\)\?/],
        ['a client certificate is wanted, TLS 1.2', $strict12->url('', "?$ca"), qr/no TLS with 127\.0\.0\.1: .*alert.*; does it want a client certificate \(cert-file, key-file\)\?/],
        ['a client certificate of somebody else', $strict->url('', "?$ca&cert-file=$stranger->{cert}&key-file=$stranger->{key}"), qr/127\.0\.0\.1 ends the connection after the TLS handshake \(.*\); does it know the authority of our client certificate\?/],
        ['a client certificate and another\'s key', $strict->url('', "?$ca&cert-file=$client->{cert}&key-file=$stranger->{key}"), qr/the client certificate or its key cannot be used: /],
        ['a file of authorities without one', $redis->url('', '?ca-file=' . file('empty.pem', "nothing\n", 0644)), qr/the file of CA certificates cannot be used: /],
    );
    # A virtual host each, and the server itself with one of them: all are asked at the start.
    my $hosts = join '', map { "<VirtualHost *:\${PORT}>\nServerName c$_.localhost\nSSOCache $case[$_][1]\n</VirtualHost>\n" } 0 .. $#case;
    my ($site) = machines(1, snippet => "SSOTimeout 1 30\nSSOSessionStore cache\nSSOCache $case[0][1]\n<VirtualHost *:\${PORT}>\nServerName \${ORIGIN}\n"
        . "ProxyPass / \${UPSTREAM}/\n</VirtualHost>\n$hosts", @with, start => 0);
    my $start = time;
    $site->httpd->start;
    cmp_ok time - $start, '<', 20, 'the start goes on, in bounded time';
    for my $case (@case) {
        my ($name, $url, $says) = @$case;
        my ($port) = $url =~ /:(\d+)/ ? ":$1" : '';
        expect_log $site, qr/SSO315: .*$port\b.*$says/, "$name: the log says so";
    }
    is $site->new_browser->go($site->url('/protected/'))->status, 503, 'a login is refused';
    allow_log $site, $down, qr/SSO20\d: .*reason=store-failed/;
    $site->finish;
    ($site) = machines(1, snippet => "SSOSessionStore cache\nSSOCache rediss://localhost:" . $redis->port . "?$ca", @with);
    is login($site, '/protected/')->status, 200, 'with the right one all is well';
    $site->finish;
    $_->stop for $redis, $strict, $strict12, $expired, $self, $named, $plain;
};

subtest 'a server that is trusted and lies' => sub {
    my $fake = SSO::Cache->fake_redis(tls => $good);
    my ($site) = machines(1, snippet => "SSOSessionStore cache\nSSOCache rediss://127.0.0.1:" . $fake->{port} . "?$ca", @with);
    expect_log $site, qr/SSO315: .*reason=store-absent/, 'the self-test of a start is not fooled';
    my $browser = $site->new_browser;
    ok within(8, sub { $browser->go($site->url('/protected/')); $site->session_cookie($browser) }), 'a session in a cache that keeps nothing';
    for my $case (['garbage', 'HTTP/1.1 400 Bad Request\r\n\r\n', qr/what it says is not Redis's protocol/],
        ['half an answer', 'half', qr/it closed the connection|its TLS broke/],
        ['nothing, closed', 'close', qr/it closed the connection|its TLS broke|ends the connection/],
        ['nothing ever', 'hang', qr/it does not answer in time/],
        ['a byte now and then', 'drip', qr/it does not answer in time/],
        ['without end', 'endless', qr/its reply is longer than 1048576 bytes/]) {
        my ($name, $answer, $says) = @$case;
        $fake->say(GET => $answer);
        my ($start, $page) = time;
        within(10, sub { $page = $browser->get($site->url('/protected/')); !grep { /did not answer a moment ago/ } ($site->log->lines(qr/SSO210/))[-1] // '' });
        cmp_ok time - $start, '<', 15, "$name: bounded time";
        is $page->status, 503, '… 503';
        like +($site->log->lines(qr/SSO210/))[-1], $says, '… and the log says why';
    }
    $fake->say(GET => '$-1\r\n$5\r\nhello\r\n');
    ok within(10, sub { status($site, $browser) == 302 }), 'two answers to one question: the first one counts';
    is status($site, $browser), 302, '… again' for 1 .. 5;
    is scalar(grep { /hello|box-/ } $site->log->lines), 0, 'nobody has taken it for a session';
    allow_log $site, $down, qr/SSO20\d: .*reason=(?:store-failed|login-loop)|SSO210/;
    $site->finish;
    $fake->{proc}->stop;
};

subtest 'files that cannot be' => sub {
    my $long = file('long', 'hunter2' x 1000);
    my ($site) = machines(1, snippet => 'SSOCache shmcb', @with, start => 0);
    my $conf = $site->httpd->conf;
    for my $case (['a password for everybody', '?password-file=' . file('open', 'hunter2', 0644), qr/can be used by others \(mode 644\); run chmod 600/],
        ['no password', '?password-file=' . file('none', "\n"), qr{/none is empty}],
        ['two passwords', '?password-file=' . file('two', "hunter2\nhunter2\n"), qr{/two has more than one line; write the secret alone on one line}],
        ['a password of zeros', '?password-file=' . file('zero', "hunter2\0"), qr{/zero is binary}],
        ['a very long password', "?password-file=$long", qr{/long has more than 4096 bytes}],
        ['no file', "?password-file=$dir/nowhere", qr{/nowhere does not exist}],
        ['a directory', "?password-file=$dir", qr{is not a regular file}],
        ['no authorities', "?ca-file=$dir/nowhere", qr{/nowhere cannot be read; name a file with CA certificates}],
        ['no certificate', "?cert-file=$client->{key}&key-file=$client->{key}", qr{client\.key holds no certificate in PEM}],
        ['no key', "?cert-file=$client->{cert}&key-file=" . file('nokey', "hunter2\n"), qr{/nokey is not a usable private key in PEM: }],
        ['a key for everybody', "?cert-file=$client->{cert}&key-file=" . file('openkey', 'hunter2', 0640), qr{/openkey can be used by others}],
        ['a certificate without its key', "?cert-file=$client->{cert}", qr/a client certificate is two files; write cert-file and key-file/],
        ['an option that is not there', '?hunter2=1', qr/what follows the \? is not NAME=VALUE.* Known: password-file; over TLS ca-file,/],
        ['an option twice', "?$ca&$ca", qr/ca-file stands there twice\. Known: /]) {
        my ($name, $options, $says) = @$case;
        $site->httpd->conf($conf =~ s{SSOCache shmcb}{SSOCache rediss://127.0.0.1/$options}r);
        my ($ok, $said) = $site->httpd->configtest;
        ok !$ok, "$name: httpd does not start";
        like $said, qr/SSO109: SSOCache: .*$says/s, '… and says why';
        unlike $said, qr/hunter2/, '… without the secret';
    }
    $site->finish;
};
$first->finish;
done_testing;
