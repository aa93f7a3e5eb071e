# SPDX-License-Identifier: Apache-2.0
# User-space instructions a request, counted by callgrind in an httpd of one process (-X). They repeat to about one per
# cent whatever else the machine does.
package Bench::Count;
use strict;
use warnings;

use IO::Socket::IP;
use Time::HiRes qw(sleep time);

use SSO::Proc;

# measure(setup, 'session' | 'anonymous' | 'login', dir => …, times => …): instructions each. In an httpd of its own:
# callgrind's counts of a second part are not to be relied upon.
sub measure {
    my ($setup, $what, %args) = @_;
    my $self = bless {setup => $setup, dir => $args{dir}}, __PACKAGE__;
    my %work = (
        session => sub { $setup->repeat($_[0], $setup->request($self->{header}), 200) },
        anonymous => sub { $setup->repeat($_[0], $setup->request(''), 302) },
        login => sub { $setup->login for 1 .. $_[0] },
    );
    my %times = (session => [40, $args{times}], anonymous => [40, $args{times}], login => [5, $args{times} / 5]);
    $self->_start($what);
    my $found = eval {
        $self->{header} = $setup->login;
        $self->_count($work{$what}, @{$times{$what}});
    };
    my $why = $@;
    $self->{proc}->stop;
    $setup->stop;
    die $why if !defined $found;
    return $found;
}

sub _start {
    my ($self, $what) = @_;
    my $httpd = $self->{setup}->make_httpd(threads => 4, servers => 1);
    $self->{out} = "$self->{dir}/callgrind.$what." . $self->{setup}->name;
    unlink glob "$self->{out}*"; # the server's user writes them
    my @tool = ('valgrind', '--tool=callgrind', "--callgrind-out-file=$self->{out}", '--instr-atstart=no', '--quiet',
        '--vgdb=no');
    my $console = $httpd->root . '/logs/console';
    $self->{proc} = SSO::Proc->start(command => [@tool, $httpd->_command('-X')], env => $httpd->_env,
        stdout => $console, stderr => $console);
    my $until = time + 90;
    while (time < $until) {
        die 'httpd under callgrind ended: ' . $httpd->why if !$self->{proc}->alive;
        return if IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $httpd->port, Timeout => 2);
        sleep 0.1;
    }
    die 'httpd under callgrind did not start: ' . $httpd->why;
}

sub _mark {
    my ($self, $what) = @_;
    my $host = $self->{setup}->httpd->origin =~ s{^http://}{}r;
    $self->{setup}->repeat(1, "GET /-/count-$what HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n", 200);
}

sub _count {
    my ($self, $work, $before, $times) = @_;
    $work->($before);
    $self->_mark('on');
    $work->($times);
    $self->_mark('off');
    open my $in, '<', "$self->{out}.1" or die "$self->{out}.1: $!";
    my ($sum) = map { /^totals: (\d+)/ ? $1 : () } <$in>;
    die "$self->{out}.1: no totals" if !defined $sum;
    rename "$self->{out}.1", "$self->{out}.counted";
    return $sum / $times;
}

1;
