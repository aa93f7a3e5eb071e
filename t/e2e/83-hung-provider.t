# SPDX-License-Identifier: Apache-2.0
# The bulkhead: the provider accepts and never answers while two hundred browsers come back to be signed in. Who has a
# session never notices, newcomers are told at once, and all is well as soon as it answers again.
use lib 't/lib';
use SSO::Test;
use IO::Select;
use IO::Socket::IP;
use Time::HiRes qw(time);

my $count = 200;
# 100 workers: 25 may wait, 12 for one provider.
my $site = site(httpd => {servers => 4, threads => 25}, snippet => <<'END');
SSOTimeout 5 60
<Location /static/metrics>
    SetHandler sso-metrics
    Require ip 127.0.0.1
</Location>
END
$site->httpd->write('htdocs/static/page.html', 'a page for everybody');
is login($site, '/protected/')->status, 200, 'alice signs in';

# The request of a browser that comes back from the provider.
sub way_back {
    my $browser = $site->new_browser;
    my $to = $browser->get($site->url('/protected/'))->location;
    my $url = $browser->get($to)->location;
    my ($host, $path) = $url =~ m{^http://([^/]+)(/.*)};
    my $cookies = $browser->jar->header($url, same_site => 0, top => 1, safe => 1);
    return "GET $path HTTP/1.1\r\nHost: $host\r\nAccept: text/html\r\nConnection: close\r\nCookie: $cookies\r\n\r\n";
}

sub send_off {
    my ($text) = @_;
    my $socket = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $site->httpd->port) or die "connect: $@";
    print {$socket} $text;
    $socket->flush;
    return $socket;
}

# Reads until `wanted` of them have answered, or too long: {socket => answer}.
sub collect {
    my ($wanted, @sockets) = @_;
    my ($select, %text, %done) = (IO::Select->new(@sockets));
    my $until = time + 40;
    while (keys %done < $wanted && time < $until) {
        for my $socket ($select->can_read(1)) {
            next if sysread $socket, $text{$socket}, 65536, length($text{$socket} // '');
            $select->remove($socket);
            $done{$socket} = $text{$socket};
        }
    }
    return \%done;
}

sub metric {
    my ($name) = @_;
    return $site->new_browser->get($site->url('/static/metrics'))->body =~ /^$name\S* (\d+)$/m && $1;
}

my @back = map { way_back() } 1 .. $count;
my $provider = $site->op->{proc}->pid;
kill STOP => $provider or die "kill: $!";
my @sockets = map { send_off($_) } @back;
my $answers = collect($count - 12, @sockets);
is scalar(grep { m{^HTTP/1\.1 503 } } values %$answers), $count - 12, 'all but twelve are told to come back';
is scalar(grep { /^Retry-After: \d+\r$/m } values %$answers), $count - 12, 'and when';
is metric('sso_provider_calls\{'), 12, 'twelve wait';
is metric('sso_provider_calls_refused_total'), $count - 12, 'the others were refused';

my $alice = $site->browser;
is_deeply [map { $alice->get($site->url('/protected/'))->status } 1 .. 20], [(200) x 20],
    'pages with a session are served';
is_deeply [map { $site->new_browser->get($site->url('/static/page.html'))->status } 1 .. 20], [(200) x 20],
    'so are plain ones';
is $site->new_browser->get($site->url('/protected/'))->status, 302, 'a newcomer is sent to the provider';
my $host = $site->httpd->origin =~ s{^http://}{}r;
my $late = collect(1, send_off("GET /sso/callback?code=x HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n"));
like((values %$late)[0], qr{^HTTP/1\.1 400 }, 'what needs no provider is answered');

kill CONT => $provider;
my @still = grep { !$answers->{$_} } @sockets;
my $rest = collect(scalar @still, @still);
is scalar(grep { m{^HTTP/1\.1 302 .*^Set-Cookie: sso-\d+=}ms } values %$rest), 12, 'the twelve are signed in';
is metric('sso_provider_calls\{'), 0, 'nobody waits any more';
is login($site, '/protected/', browser => $site->new_browser)->status, 200, 'the next login works';
allow_log $site, qr/SSO206: .*reason=fetch-busy/, qr/SSO204: /;
done_testing;
