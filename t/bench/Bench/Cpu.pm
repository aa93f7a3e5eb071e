# SPDX-License-Identifier: Apache-2.0
# CPU seconds of httpd's processes (utime + stime) for 10,000 requests, req/s, milliseconds of CPU for a login, memory.
# The load is wrk's; a request more or less at its end does not count.
package Bench::Cpu;
use strict;
use warnings;

use POSIX ();

use SSO::Httpd;

my $tick = POSIX::sysconf(POSIX::_SC_CLK_TCK());

sub _seconds {
    my ($httpd) = @_;
    my $sum = 0;
    for my $pid ($httpd->_group) {
        open my $in, '<', "/proc/$pid/stat" or next;
        my ($rest) = (<$in> // '') =~ /\) (.*)/s or next;
        my @field = split ' ', $rest;
        $sum += ($field[11] + $field[12]) / $tick;
    }
    return $sum;
}

# MiB that are the server's own: proportional set size over all its processes.
sub memory {
    my ($setup) = @_;
    my $sum = 0;
    for my $pid ($setup->httpd->_group) {
        open my $in, '<', "/proc/$pid/smaps_rollup" or next;
        $sum += $1 while join('', <$in>) =~ /^Pss:\s+(\d+)/mg;
    }
    return $sum / 1024;
}

# A round of wrk with this header line ("": none): {cpu => s/10k, rate => req/s, p50, p99 => ms}.
sub load {
    my ($setup, $header, $seconds) = @_;
    my @headers = (-H => 'Accept: text/html,*/*', length $header ? (-H => $header) : ());
    my @command = ('wrk', '-t1', '-c16', "-d${seconds}s", '--latency', @headers, $setup->httpd->url('/p/page.html'));
    my $before = _seconds($setup->httpd);
    open my $out, '-|', @command or die "wrk: $!";
    my $text = do { local $/; <$out> };
    close $out or die "wrk failed: $text";
    my $spent = _seconds($setup->httpd) - $before;
    my ($requests) = $text =~ /(\d+) requests in/ or die "wrk says nothing: $text";
    my %ms = (us => 0.001, ms => 1, s => 1000);
    my %p = map { $text =~ /^\s+$_%\s+([\d.]+)(us|ms|s)/m ? ("p$_" => $1 * $ms{$2}) : () } 50, 99;
    my ($rate) = $text =~ m{Requests/sec:\s+([\d.]+)};
    return {cpu => 10_000 * $spent / $requests, rate => $rate, %p};
}

# Milliseconds of httpd's CPU for one whole login.
sub logins {
    my ($setup, $count) = @_;
    my $before = _seconds($setup->httpd);
    $setup->login for 1 .. $count;
    return {ms => 1000 * (_seconds($setup->httpd) - $before) / $count};
}

1;
