# SPDX-License-Identifier: Apache-2.0
# CPU seconds of httpd's processes for 10,000 requests, req/s, milliseconds of CPU for a login, memory.
# The load is wrk's; a request more or less at its end does not count.
package Bench::Cpu;
use strict;
use warnings;

use SSO::Httpd;

# Of all threads, by the scheduler's own account (nanoseconds; a process's clock counts in ticks of 10 ms).
sub _seconds {
    my ($httpd) = @_;
    my $sum = 0;
    for my $pid ($httpd->_group) {
        for my $file (glob "/proc/$pid/task/*/schedstat") {
            open my $in, '<', $file or next;
            my ($ns) = split ' ', <$in> // '';
            $sum += ($ns // 0) / 1e9;
        }
    }
    return $sum;
}

# MiB of anonymous memory over all its processes, pages that several of them share counted once.
sub memory {
    my ($setup) = @_;
    my $sum = 0;
    for my $pid ($setup->httpd->_group) {
        open my $in, '<', "/proc/$pid/smaps_rollup" or next;
        $sum += $1 while join('', <$in>) =~ /^Pss_Anon:\s+(\d+)/mg;
    }
    return $sum / 1024;
}

# The same as resident set size, shared pages counted in each process, and how many processes there are.
sub resident {
    my ($setup) = @_;
    my ($sum, @pids) = (0, $setup->httpd->_group);
    for my $pid (@pids) {
        open my $in, '<', "/proc/$pid/smaps_rollup" or next;
        $sum += $1 while join('', <$in>) =~ /^Rss:\s+(\d+)/mg;
    }
    return ($sum / 1024, scalar @pids);
}

# A round of wrk with this header line ("": none): {cpu => s/10k, rate => req/s, p50, p99 => ms}.
sub load {
    my ($setup, $header, $seconds) = @_;
    my @headers = (-H => 'Accept: text/html,*/*', length $header ? (-H => $header) : ());
    my @command = ('wrk', '-t1', '-c64', "-d${seconds}s", '--latency', @headers, $setup->httpd->url('/p/page.html'));
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

# So many requests, by rounds of wrk.
sub requests {
    my ($setup, $header, $count) = @_;
    while ($count > 0) {
        my $round = load($setup, $header, 10);
        $count -= 10 * $round->{rate};
    }
    return;
}

# Milliseconds of httpd's CPU for one whole login: the redirect to the provider and the way back.
sub logins {
    my ($setup, $count) = @_;
    my $before = _seconds($setup->httpd);
    $setup->sign_in for 1 .. $count;
    return {ms => 1000 * (_seconds($setup->httpd) - $before) / $count};
}

1;
