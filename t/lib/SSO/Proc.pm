# SPDX-License-Identifier: Apache-2.0
# Child processes of a test: started in a group of their own, ended at scope exit and, whatever happens, in END.
package SSO::Proc;
use strict;
use warnings;

use Carp qw(croak);
use IO::Select;
use IO::Socket::IP;
use POSIX qw(WNOHANG setpgid);
use Scalar::Util qw(weaken);
use Socket qw(SOL_SOCKET SO_REUSEADDR);
use Time::HiRes qw(sleep time);

our @running;    # weak references, for END
our $owner = $$; # a forked test child must not end what its parent started

# Reserves a port: bound, never listening. While the socket lives the kernel gives the port to nobody else, and a server
# that sets SO_REUSEADDR (httpd does) can still listen on it, so there is no race between choosing and listening.
sub reserve_port {
    my ($host) = @_;
    my $socket = IO::Socket::IP->new(LocalHost => $host // '127.0.0.1', LocalPort => 0, ReuseAddr => 1, Proto => 'tcp')
        or croak "no free port: $@";
    return ($socket->sockport, $socket);
}

# start(command => [...], stdout => path, stderr => path, ready => qr/^READY (\S+)/, timeout => 30, env => {...})
# With `ready` the child's standard output is read until a line matches; $proc->{ready} is what its first group caught.
sub start {
    my ($class, %args) = @_;
    my $self = bless {%args, pid => undef}, $class;
    pipe(my $out_read, my $out_write) or croak "pipe: $!";
    pipe(my $in_read, my $in_write) or croak "pipe: $!";
    my $pid = fork // croak "fork: $!";
    if (!$pid) {
        setpgid(0, 0);
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
        while (my ($name, $value) = each %{$args{env} // {}}) { $ENV{$name} = $value }
        umask 0 if $ENV{GCOV_PREFIX}; # counts of one file come from processes of two users
        open STDIN, '<&', $in_read or die;
        if ($args{ready}) { open STDOUT, '>&', $out_write or die }
        elsif ($args{stdout}) { open STDOUT, '>>', $args{stdout} or die }
        if ($args{stderr}) { open STDERR, '>>', $args{stderr} or die }
        close $in_write;
        { no warnings 'exec'; exec { $args{command}[0] } @{$args{command}} }
        print STDERR "cannot run $args{command}[0]: $!\n";
        POSIX::_exit(127);
    }
    setpgid($pid, $pid);
    close $in_read;
    close $out_write;
    @$self{qw(pid stdin out)} = ($pid, $in_write, $out_read); # the held end tells the child when we are gone
    push @running, $self;
    weaken $running[-1];
    $self->_await_ready if $args{ready};
    return $self;
}

sub _await_ready {
    my ($self) = @_;
    my $until = time + ($self->{timeout} // 30);
    my ($select, $text) = (IO::Select->new($self->{out}), '');
    while (time < $until) {
        next if !$select->can_read(0.2);
        sysread($self->{out}, my $chunk, 4096) or last;
        $text .= $chunk;
        if ($text =~ /$self->{ready}/m) { $self->{ready} = $1; return }
    }
    $self->stop;
    croak "@{$self->{command}} did not get ready: $text";
}

sub pid { $_[0]{pid} }

sub alive {
    my ($self) = @_;
    return 0 if !$self->{pid} || defined $self->{status};
    my $got = waitpid $self->{pid}, WNOHANG;
    if ($got == $self->{pid}) { $self->{status} = $?; return 0 }
    return $got == 0;
}

sub signal { my ($self, $name) = @_; return $self->alive && kill $name, $self->{pid} }

# Asks, waits, then ends the whole group. Returns the number of processes that had to be killed.
sub stop {
    my ($self, $signal, $patience) = @_;
    return 0 if !$self->{pid} || $self->{stopped}++;
    my $until = time + ($patience // 10);
    close delete $self->{stdin} if $self->{stdin};
    $self->signal($signal // 'TERM');
    sleep 0.02 while $self->alive && time < $until;
    my $killed = 0;
    $until = time + 3;
    while (kill(0, -$self->{pid}) && time < $until) { $self->alive; sleep 0.02 }
    if (kill 0, -$self->{pid}) {
        $killed = kill 'KILL', -$self->{pid};
        waitpid $self->{pid}, 0 if !defined $self->{status};
    }
    return $killed;
}

sub DESTROY { local ($@, $?, $!); $_[0]->stop if $$ == $owner && $_[0]{pid} }
END { local $?; if ($$ == $owner) { $_ && $_->stop for @running } }

1;
