# SPDX-License-Identifier: Apache-2.0
# A real httpd with a ServerRoot of its own, on a port of its own, that leaves nothing behind.
#
#   my $httpd = SSO::Httpd->new(conf => "…", modules => [qw(ssl http2)], mpm => 'prefork');
#   $httpd->start; … $httpd->origin … $httpd->log->take(qr/…/); $httpd->stop;
#
# In `conf` httpd's own variables stand for what is known only now: ${ROOT}, ${PORT}, ${ORIGIN}, ${HOST}.
# Environment: SSO_HTTPD (program), SSO_MODULE (the built module), SSO_PRELOAD (a sanitizer's runtime, for httpd only).
package SSO::Httpd;
use strict;
use warnings;

use Carp qw(croak);
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp ();
use IO::Socket::IP;
use Time::HiRes qw(sleep time);

use SSO::Log;
use SSO::Proc;

our $top = abs_path(dirname(__FILE__) . '/../../..');
our @basic = qw(authn_core authz_core authz_user authz_host unixd log_config mime dir alias headers env setenvif rewrite
    proxy proxy_http unique_id status socache_shmcb watchdog);

sub _apxs { my ($name) = @_; chomp(my $value = qx(apxs -q $name 2>/dev/null)); return $value }

# What does not change during a run: program, folder of modules, modules that are built in.
my %host;
sub host_facts {
    return \%host if %host;
    my ($program) = grep { defined && -x } $ENV{SSO_HTTPD}, _apxs('SBINDIR') . '/' . _apxs('PROGNAME'),
        '/usr/sbin/apache2',
        '/usr/sbin/httpd';
    croak 'no httpd found: install apache2, or name it in SSO_HTTPD' if !$program;
    my ($modules) = grep { $_ && -d } _apxs('LIBEXECDIR'), '/usr/lib/apache2/modules', '/usr/lib64/httpd/modules';
    my %builtin = map { /^\s*mod_(\w+)\.c/ ? ($1 => 1) : () } qx($program -l);
    return {%host = (program => $program, modules => $modules, builtin => \%builtin)};
}

# The module under test; undef when it has not been built.
sub module_path {
    my ($path) = grep { defined && -f } $ENV{SSO_MODULE}, "$top/.libs/mod_sso_oidc.so",
        "$top/build/.libs/mod_sso_oidc.so";
    return $path && abs_path($path);
}

# new(conf, modules, mpm, module => 0 (do not load ours), host => name in ServerName and URLs, listen => address,
#     port => fixed, loglevel, tls => {cert, key}, threads, servers, env, public => origin that browsers use)
sub new {
    my ($class, %args) = @_;
    my $self = bless {host => '127.0.0.1', listen => '127.0.0.1', mpm => 'event', conf => '', module => 1, %args},
        $class;
    $self->{tmp} = File::Temp->newdir('sso-httpd-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $root = $self->{root} = abs_path("$self->{tmp}");
    chmod 0755, $root;
    mkdir "$root/$_" for qw(logs run htdocs state conf);
    chmod 0711, "$root/state";
    $self->write('htdocs/index.html', "<!doctype html><title>public</title>public\n");
    @$self{qw(port reserved)} = SSO::Proc::reserve_port($self->{listen}) if !$self->{port};
    $self->{log} = SSO::Log->new("$root/logs/error_log");
    return $self;
}

sub root { $_[0]{root} }
sub port { $_[0]{port} }
sub log { $_[0]{log} }
sub origin {
    my ($self) = @_;
    return $self->{public} if $self->{public};
    my ($scheme, $usual) = $self->{tls} ? ('https', 443) : ('http', 80);
    return "$scheme://$self->{host}" . ($self->{port} == $usual ? '' : ":$self->{port}");
}
sub url { my ($self, $path) = @_; return $self->origin . ($path // '/') }
sub conf { my ($self, $text) = @_; $self->{conf} = $text if defined $text; return $self->{conf} }
sub pid { my ($self) = @_; return $self->{proc} && $self->{proc}->pid }

# Writes a file below the ServerRoot; returns its path.
sub write {
    my ($self, $name, $content, $mode) = @_;
    my $path = "$self->{root}/$name";
    my $dir = dirname($path);
    system 'mkdir', '-p', $dir if !-d $dir;
    open my $out, '>:raw', $path or croak "$path: $!";
    print $out $content;
    close $out or croak "$path: $!";
    chmod $mode, $path if defined $mode;
    return $path;
}

sub read {
    my ($self, $name) = @_;
    open my $in, '<:raw', "$self->{root}/$name" or return;
    local $/;
    return scalar <$in>;
}

sub _load_lines {
    my ($self) = @_;
    my $facts = host_facts();
    my %seen;
    my @names = grep { !$seen{$_}++ && !$facts->{builtin}{$_} } "mpm_$self->{mpm}", @basic, $self->{tls} ? 'ssl' : (),
        @{$self->{modules} // []};
    my %unwanted = map { $_ => 1 } @{$self->{without} // []};
    my @lines = map { "LoadModule ${_}_module $facts->{modules}/mod_$_.so" } grep { !$unwanted{$_} } @names;
    if ($self->{module}) {
        my $path = module_path() // croak 'the module is not built: run ./dev test, or make, or set SSO_MODULE';
        push @lines, "LoadModule sso_oidc_module $path";
    }
    return join "\n", @lines;
}

sub _conf_text {
    my ($self) = @_;
    my ($user, $threads, $servers) = ('', $self->{threads} // 16, $self->{servers} // 2);
    if ($> == 0) {
        my ($name) = grep { defined getpwnam $_ } qw(www-data apache nobody);
        my $group = getgrgid((getpwnam $name)[3]);
        $user = "User $name\nGroup $group";
    }
    my $pool = $self->{mpm} eq 'prefork' ? "StartServers 4\nMaxRequestWorkers 32"
        : "StartServers $servers\nServerLimit 8\nThreadsPerChild $threads\nThreadLimit 64\n"
        . 'MaxRequestWorkers ' . 4 * $threads . "\nMinSpareThreads $threads\nMaxSpareThreads " . 4 * $threads;
    my $level = $self->{loglevel} // ('notice' . ($self->{module} ? ' sso_oidc:debug' : ''));
    # Without a cache of our own choice mod_ssl warns that there is none.
    my $tls = $self->{tls} ? join "\n", 'SSLSessionCache none', 'SSLEngine On', "SSLCertificateFile $self->{tls}{cert}",
        "SSLCertificateKeyFile $self->{tls}{key}" : '';
    return <<"END";
ServerRoot "$self->{root}"
Define ROOT "$self->{root}"
Define PORT $self->{port}
Define HOST $self->{host}
Define ORIGIN @{[$self->origin]}
@{[$self->_load_lines]}
Listen $self->{listen}:$self->{port}
ServerName @{[$self->origin]}
DefaultRuntimeDir run
PidFile run/httpd.pid
$user
$pool
ErrorLog logs/error_log
LogLevel $level
LogFormat "%h %t \\"%r\\" %>s %b" short
CustomLog logs/access_log short
DocumentRoot "$self->{root}/htdocs"
TypesConfig /etc/mime.types
Timeout 30
GracefulShutdownTimeout 5
$tls
<Directory "$self->{root}/htdocs">
    Require all granted
</Directory>
$self->{conf}
END
}

sub _command {
    my ($self, @more) = @_;
    $self->write('conf/httpd.conf', $self->_conf_text);
    return (host_facts()->{program}, '-d', $self->{root}, '-f', "$self->{root}/conf/httpd.conf", @more);
}

sub _env {
    my ($self) = @_;
    # httpd itself keeps its memory until the end: a leak report would be about it.
    my %sanitized = $ENV{SSO_PRELOAD}
        ? (LD_PRELOAD => $ENV{SSO_PRELOAD}, ASAN_OPTIONS => 'detect_leaks=0:abort_on_error=1') : ();
    my %counted = $ENV{SSO_GCOV_PREFIX} ? (GCOV_PREFIX => $ENV{SSO_GCOV_PREFIX}) : ();
    return {LANG => 'C.UTF-8', %sanitized, %counted, %{$self->{env} // {}}};
}

# httpd -t: (1 or 0, what it printed).
sub configtest {
    my ($self) = @_;
    my @command = $self->_command('-t');
    my $console = "$self->{root}/logs/configtest";
    unlink $console;
    my $pid = fork // croak "fork: $!";
    if (!$pid) {
        my $env = $self->_env;
        @ENV{keys %$env} = values %$env;
        umask 0 if $ENV{GCOV_PREFIX};
        open STDIN, '<', '/dev/null' or die;
        open STDOUT, '>', $console or die;
        open STDERR, '>&', \*STDOUT or die;
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    return ($? == 0 ? 1 : 0, $self->read('logs/configtest') // '');
}

# Starts and waits until it accepts connections. Dies with what httpd said; try_start returns 0 instead.
sub start {
    my ($self) = @_;
    $self->try_start or croak 'httpd did not start: ' . $self->why;
    return $self;
}

sub why { my ($self) = @_; return join "\n", grep { defined } $self->read('logs/console'), $self->log->text }

sub try_start {
    my ($self) = @_;
    my $console = "$self->{root}/logs/console";
    $self->{proc} = SSO::Proc->start(command => [$self->_command('-DFOREGROUND')], stdout => $console,
        stderr => $console, env => $self->_env);
    my $until = time + 30;
    while (time < $until) {
        if (!$self->{proc}->alive) { delete $self->{proc}; return 0 }
        my %there = (PeerHost => $self->{listen}, PeerPort => $self->{port}, Timeout => 2);
        return 1 if -s "$self->{root}/run/httpd.pid" && IO::Socket::IP->new(%there);
        sleep 0.03;
    }
    return 0;
}

sub running { my ($self) = @_; return $self->{proc} && $self->{proc}->alive }

# Re-reads the configuration; waits until the new generation serves.
sub graceful { my ($self) = @_; return $self->_again('USR1') }
sub restart { my ($self) = @_; return $self->_again('HUP') }

sub _again {
    my ($self, $signal) = @_;
    $self->_command;
    my $count = () = $self->log->lines(qr/resuming normal operations/);
    $self->{proc}->signal($signal);
    my $until = time + 20;
    while (time < $until && $self->running) {
        my $now = () = $self->log->lines(qr/resuming normal operations/);
        return 1 if $now > $count;
        sleep 0.03;
    }
    croak 'httpd did not come back: ' . $self->why;
}

sub _group {
    my ($self) = @_;
    my $leader = $self->{proc}->pid;
    my @pids;
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $stat or next;
        my ($pid, $group) = (<$in> // '') =~ /^(\d+) \(.*\) \S \d+ (\d+)/s or next;
        push @pids, $pid if $group == $leader;
    }
    return @pids;
}

# System V objects that processes of ours made: "shm 12", "sem 3".
sub _ipc {
    my (%ours) = map { $_ => 1 } @_;
    my @left;
    for my $kind (qw(shm sem)) {
        open my $in, '<', "/proc/sysvipc/$kind" or next;
        <$in>;
        while (<$in>) {
            my @field = split;
            my $pid = $kind eq 'shm' ? $field[4] : semctl($field[1], 0, 11, 0); # GETPID
            push @left, "$kind $field[1]" if $pid && $ours{$pid + 0};
        }
    }
    return @left;
}

# Ends it. Returns what was left behind that should not be: names of processes and of System V objects.
sub stop {
    my ($self, $signal) = @_;
    return if !$self->{proc};
    my @pids = $self->_group;
    my $alive = $self->{proc}->alive;
    my $killed = $self->{proc}->stop($signal // 'TERM', 20);
    my $leader = $self->{proc}->pid;
    delete $self->{proc};
    my @left = _ipc($leader, @pids);
    push @left, 'processes that had to be killed' if $killed;
    push @left, 'the server had died before' if !$alive;
    return @left;
}

sub DESTROY { local ($@, $?, $!); $_[0]->stop if $$ == $SSO::Proc::owner }

1;
