# SPDX-License-Identifier: Apache-2.0
# How long a visitor with a session waits while the provider hangs (kill -STOP) and many callbacks wait for it.
package Bench::Hang;
use strict;
use warnings;

use IO::Select;
use IO::Socket::IP;
use Time::HiRes qw(sleep time);

use SSO::Browser;

my $patience = 20; # seconds for an answer

# Some rounds of: nothing hangs, the provider hangs, it is back. {callbacks, refused => answered at once (least of the
# rounds), up | down | after => {session | plain => {count, in_time, p50, p99, max}}}: times are medians over the rounds,
# max is the longest of all.
sub measure {
    my ($setup, %args) = @_;
    $setup->start(threads => 25, servers => 4); # 100 workers
    my $header = $setup->login;
    $setup->httpd->write('htdocs/plain/page.html', 'x' x 2048);
    my %text = (session => $setup->request($header), plain => $setup->request('') =~ s{/p/}{/plain/}r);
    my (@rounds, $why);
    while (@rounds < $args{rounds} && !$why) {
        my $round = eval { _round($setup, \%text, %args) };
        $why = $@;
        push @rounds, $round if $round;
        last if $round && !$round->{down}{session}{in_time}; # a round of this takes long enough
    }
    $setup->stop;
    die $why if $why;
    my %result = (callbacks => $args{callbacks}, refused => (sort { $a <=> $b } map { $_->{refused} } @rounds)[0]);
    for my $when (qw(up down after)) {
        $result{$when}{$_} = _over_rounds($_, map { $_->{$when} // () } @rounds) for keys %text;
    }
    return \%result;
}

sub _round {
    my ($setup, $text, %args) = @_;
    my @waiting = map { _begin($setup) } 1 .. $args{callbacks};
    my %round = (up => _visits($setup, $text, $args{visits}));
    my $pid = $setup->op->{proc}->pid;
    kill 'STOP', $pid or die "kill: $!";
    my @sockets = map { _send($setup, $_) } @waiting;
    sleep 4; # the burst itself is over
    $round{refused} = grep { IO::Select->new($_)->can_read(0) } @sockets;
    $round{down} = eval { _visits($setup, $text, $args{visits}) };
    my $why = $@;
    kill 'CONT', $pid;
    close $_ for @sockets;
    die $why if !$round{down};
    sleep 2;
    $round{after} = _visits($setup, $text, $args{visits});
    return \%round;
}

sub _over_rounds {
    my ($kind, @rounds) = @_;
    my %sum = (count => 0, in_time => 0, max => 0);
    for my $one (map { $_->{$kind} } @rounds) {
        $sum{$_} += $one->{$_} for qw(count in_time);
        $sum{max} = $one->{max} if $one->{max} > $sum{max};
    }
    for my $p (qw(p50 p99)) {
        my @sorted = sort { $a <=> $b } map { $_->{$kind}{$p} } @rounds;
        $sum{$p} = $sorted[$#sorted / 2];
    }
    return \%sum;
}

# A login as far as the provider: the callback that would follow, with a made-up code.
sub _begin {
    my ($setup) = @_;
    my $browser = SSO::Browser->new(timeout => 30);
    my $to = $browser->get($setup->httpd->url('/p/page.html'))->location // die $setup->name . ': no redirect';
    my $query = SSO::Browser::query_of($to);
    my $url = "$query->{redirect_uri}?code=made-up&state=" . SSO::Browser::escape($query->{state}) . '&iss='
        . SSO::Browser::escape($setup->op->issuer);
    my %now = (same_site => 0, top => 1, safe => 1);
    my ($host, $path) = $url =~ m{^http://([^/]+)(/.*)};
    # mod_auth_openidc binds its state to the User-Agent.
    return "GET $path HTTP/1.1\r\nHost: $host\r\nUser-Agent: $SSO::Browser::agent\r\nAccept: text/html\r\n"
        . "Connection: close\r\nCookie: " . ($browser->jar->header($url, %now) // '') . "\r\n\r\n";
}

sub _send {
    my ($setup, $text) = @_;
    my $socket = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $setup->httpd->port) or die "connect: $@";
    print {$socket} $text;
    $socket->flush;
    return $socket;
}

# Visits one after the other, in turns with a session and without, each on a connection of its own; after the first that
# gets no answer no more are tried.
sub _visits {
    my ($setup, $text, $count) = @_;
    my (%ms, %in_time);
    VISIT: for (1 .. $count) {
        for my $kind (sort keys %$text) {
            my $begin = time;
            my $answer = _answer($setup, $text->{$kind} =~ s/\r\n\r\n$/\r\nConnection: close\r\n\r\n/r);
            my $ms = 1000 * (time - $begin);
            push @{$ms{$kind}}, $ms;
            $in_time{$kind}++ if $answer && $ms < 1000;
            last VISIT if !$answer;
        }
    }
    return {map { $_ => _summary($ms{$_} // [$patience * 1000], $in_time{$_} // 0, $count) } keys %$text};
}

sub _summary {
    my ($ms, $in_time, $count) = @_;
    my @sorted = sort { $a <=> $b } @$ms;
    return {count => $count, in_time => $in_time, p50 => $sorted[$#sorted / 2], p99 => $sorted[$#sorted * 0.99],
        max => $sorted[-1]};
}

sub _answer {
    my ($setup, $text) = @_;
    my $socket = _send($setup, $text);
    my ($in, $until) = ('', time + $patience);
    my $select = IO::Select->new($socket);
    while (time < $until && $select->can_read($until - time)) {
        sysread $socket, $in, 65536, length $in or last;
    }
    return $in =~ m{^HTTP/1\.1 200 };
}

1;
