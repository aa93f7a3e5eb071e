# SPDX-License-Identifier: Apache-2.0
# Servers behind SSOCache: real ones on ports of their own, and a Redis that lies.
#
#   my $redis = SSO::Cache->redis(args => ['--requirepass', 'x']);  $redis->url; $redis->ask('GET', 'key'); $redis->kill; $redis->start;
#   my $redis = SSO::Cache->redis(tls => {cert => …, key => …, ca => …, clients => 'yes', as => {cert => …, key => …}});  all over TLS
#   my $memcached = SSO::Cache->memcached;
#   my $fake = SSO::Cache->fake_redis(tls => {cert => …, key => …}); $fake->say('loading');
package SSO::Cache;
use strict;
use warnings;

use Carp qw(croak);
use File::Temp ();
use IO::Socket::IP;
use Time::HiRes qw(sleep time);

use SSO::Proc;

sub _find {
    my ($name) = @_;
    my ($path) = grep { -x } map { "$_/$name" } split(/:/, $ENV{PATH}), '/usr/bin', '/usr/sbin', '/usr/local/bin';
    return $path // croak "$name is not installed: run ./dev setup";
}

sub _new {
    my ($class, %args) = @_;
    my $self = bless {args => [], %args}, $class;
    $self->{dir} = File::Temp->newdir('sso-cache-XXXXXXXX', TMPDIR => 1);
    @$self{qw(port reserved)} = SSO::Proc::reserve_port('127.0.0.1');
    return $self->{start} // 1 ? $self->start : $self;
}

sub redis { my ($class, %args) = @_; return $class->_new(kind => 'redis', %args) }
sub sentinel { my ($class, %args) = @_; return $class->_new(kind => 'sentinel', %args) }
sub memcached { my ($class, %args) = @_; return $class->_new(kind => 'memcached', %args) }

sub port { $_[0]{port} }
sub dir { "$_[0]{dir}" }
sub place { return "127.0.0.1:$_[0]{port}" }
# url('user:password@', '/3')
sub url {
    my ($self, $user, $rest) = @_;
    return ($self->{tls} ? 'rediss://' : 'redis://') . ($user // '') . $self->place . ($rest // '');
}

# "name value" each. A Sentinel dials its servers over TLS, too.
sub _tls_lines {
    my ($self) = @_;
    my $tls = $self->{tls} // return "port $self->{port}";
    return ('port 0', "tls-port $self->{port}", "tls-cert-file $tls->{cert}", "tls-key-file $tls->{key}", "tls-ca-cert-file $tls->{ca}",
        'tls-auth-clients ' . ($tls->{clients} // 'no'), 'tls-replication yes');
}

sub _command {
    my ($self) = @_;
    my @more = @{$self->{args}};
    if ($self->{kind} eq 'memcached') {
        return (_find('memcached'), '-l', '127.0.0.1', '-p', $self->{port}, '-U', 0, $> == 0 ? ('-u', 'nobody') : (), @more);
    }
    if ($self->{kind} eq 'sentinel') { # it writes to its file
        my $path = $self->dir . '/sentinel.conf';
        if (!-e $path) {
            open my $out, '>', $path or croak "$path: $!";
            print $out map { "$_\n" } $self->_tls_lines, 'bind 127.0.0.1', 'dir ' . $self->dir, @more;
            close $out;
        }
        return (_find('redis-server'), $path, '--sentinel');
    }
    return (_find('redis-server'), (map { my ($name, $value) = split / /, $_, 2; ("--$name", $value) } $self->_tls_lines), '--bind', '127.0.0.1',
        '--dir', $self->dir, '--save', '', '--daemonize', 'no', @more);
}

# Also after stop or kill, on the same port and with what it wrote to its directory.
sub start {
    my ($self) = @_;
    my $log = $self->dir . '/log';
    $self->{proc} = SSO::Proc->start(command => [$self->_command], stdout => $log, stderr => $log);
    my $until = time + 20;
    while (time < $until && $self->{proc}->alive) {
        return $self if $self->_answers;
        sleep 0.03;
    }
    croak "$self->{kind} did not start: " . do { local (@ARGV, $/) = $log; <> };
}

sub _answers {
    my ($self) = @_;
    return ($self->ask('PING') // '') =~ /^(?:PONG|NOAUTH|\(error\) NO|AUTH failed)/ if $self->{tls};
    my $s = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $self->{port}, Timeout => 1) or return 0;
    my $memcached = $self->{kind} eq 'memcached';
    print $s $memcached ? "version\r\n" : "PING\r\n";
    my $line = <$s> // '';
    return $memcached ? $line =~ /^VERSION/ : $line =~ /^(?:\+PONG|-NOAUTH|-NOPERM)/;
}

# One command as it is, through redis-cli: its lines.
sub ask {
    my ($self, @words) = @_;
    my $tls = $self->{tls};
    my @tls = $tls ? ('--tls', '--insecure', map { $tls->{as} ? ("--$_", $tls->{as}{$_}) : () } qw(cert key)) : ();
    open my $out, '-|', 'sh', '-c', 'exec "$@" 2>/dev/null', 'sh', _find('redis-cli'), '-p', $self->{port}, '--no-auth-warning', @tls,
        @{$self->{cli} // []}, @words or croak "redis-cli: $!";
    chomp(my @lines = <$out>);
    return wantarray ? @lines : $lines[0];
}

sub stop { my ($self) = @_; return $self->{proc} && $self->{proc}->stop }
sub kill { my ($self) = @_; return $self->{proc}->stop('KILL') }
sub signal { my ($self, $name) = @_; return $self->{proc}->signal($name) }

# --- a Redis that lies ---------------------------------------------------------------------------------------------

# What it says is in a file: lines "VERB answer" (or "* answer" for every verb), read anew for each command; a verb without a
# line is answered as a Redis with empty memory would. An answer is text with \r \n \xHH, or one of: hang, close, drip (a byte
# each 200 ms of an endless line), endless (a bulk string without end), storm (arrays in arrays without end), half (a part of
# a reply, then close).
my $fake = <<'END';
use IO::Socket::IP; use IO::Select; use Time::HiRes 'sleep';
my ($script, $cert, $key) = @ARGV; $| = 1; require IO::Socket::SSL if $cert; $SIG{PIPE} = 'IGNORE'; $SIG{CHLD} = 'IGNORE';
my $l = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 50) or die;
print 'READY ', $l->sockport, "\n";
my %usual = (GET => "\$-1\r\n", DEL => ":0\r\n", XREAD => "*-1\r\n", XREVRANGE => "*0\r\n", XTRIM => ":0\r\n", PEXPIRE => ":1\r\n",
    XADD => "\$3\r\n1-1\r\n", ROLE => "*1\r\n\$6\r\nmaster\r\n");
my $parent = $$;
while (1) {
    IO::Select->new($l, \*STDIN)->can_read;
    IO::Select->new(\*STDIN)->can_read(0) and do { kill 'TERM', -$$; exit };
    my $c = $l->accept or next;
    next if fork;
    !$cert || IO::Socket::SSL->start_SSL($c, SSL_server => 1, SSL_cert_file => $cert, SSL_key_file => $key) or exit;
    my $in = '';
    while (sysread $c, $in, 65536, length $in) {
        while ($in =~ /^\*(\d+)\r\n/) {
            my ($n, $at, @word) = ($1, $+[0]);
            for (1 .. $n) { substr($in, $at) =~ /^\$(\d+)\r\n/ or last; my $h = $+[0]; last if length $in < $at + $h + $1 + 2;
                push @word, substr $in, $at + $h, $1; $at += $h + $1 + 2 }
            last if @word < $n;
            substr $in, 0, $at, '';
            my %say; open my $f, '<', $script; while (<$f>) { chomp; /^(\S+) (.*)/ and $say{$1} = $2 }
            my $say = $say{uc $word[0]} // $say{'*'} // $usual{uc $word[0]} // "+OK\r\n";
            $say =~ s/\\r/\r/g; $say =~ s/\\n/\n/g; $say =~ s/\\x(..)/chr hex $1/ge; $say =~ s/x\{(\d+)\}/'x' x $1/ge;
            if ($say eq 'hang') { sleep 60; exit }
            exit if $say eq 'close';
            if ($say eq 'drip') { syswrite $c, '+'; while (syswrite $c, 'x') { sleep 0.2 } exit }
            if ($say eq 'endless') { syswrite $c, "\$2000000000\r\n"; my $x = 'x' x 65536; 1 while syswrite $c, $x; exit }
            if ($say eq 'storm') { syswrite $c, "*1024\r\n" x 4; my $x = (":1\r\n" x 1024 . "*1024\r\n") x 50; 1 while syswrite $c, $x; exit }
            if ($say eq 'half') { syswrite $c, "\$100\r\nonly this"; exit }
            syswrite $c, $say;
        }
    }
    exit;
}
END

sub fake_redis {
    my ($class, %args) = @_;
    my $self = bless {kind => 'fake', dir => File::Temp->newdir('sso-cache-XXXXXXXX', TMPDIR => 1), %args}, $class;
    my @tls = $self->{tls} ? @{$self->{tls}}{qw(cert key)} : ();
    $self->say;
    $self->{proc} = SSO::Proc->start(command => [$^X, '-e', $fake, $self->dir . '/script', @tls], ready => qr/^READY (\d+)/);
    $self->{port} = $self->{proc}{ready};
    return $self;
}

# say(GET => 'hang', '*' => '-LOADING x\r\n'): from now on; nothing: as a Redis would.
sub say {
    my ($self, %say) = @_;
    my $path = $self->dir . '/script';
    open my $out, '>', "$path.new" or croak "$path: $!";
    print $out "$_ $say{$_}\n" for sort keys %say;
    close $out;
    rename "$path.new", $path or croak "$path: $!";
    return $self;
}

1;
