#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The demo: a provider, the applications, httpd with the module between them, until Ctrl-C. Started by ./dev demo.
#   run.pl [--port N] [--seconds N]
use strict;
use warnings;

use FindBin qw($Bin);
use Getopt::Long qw(GetOptions);
use lib "$Bin/../lib";
use Time::HiRes qw(sleep);

use IO::Socket::IP;
use SSO::Demo;

GetOptions('port=i' => \my $port, 'seconds=i' => \my $seconds) or die "usage: ./dev demo [-- --port N]\n";
my $end = 0;
$SIG{$_} = sub { $end = 1 } for qw(INT TERM HUP);

die "Port $port is taken; choose another with ./dev demo -- --port N\n" if $port && in_use($port);
$port ||= 8080 if !in_use(8080);
my $demo = SSO::Demo->new(port => $port);
my $httpd = $demo->httpd;
print <<"END";

  The catalogue:   @{[$httpd->url('/')]}
  OpenMetadata:    @{[$httpd->url('/openmetadata/')]}    (a stand-in: its own pages, one login for both)
  Sign in as:      alice   password  alice     (an administrator)
              or:  bob     password  bob       (a reader: /admin/ is refused)

  Provider:        @{[$demo->op->issuer]}
  Error log:       @{[$httpd->root]}/logs/error_log
  Configuration:   $Bin/site.conf

  Ctrl-C ends everything.

END
STDOUT->flush;
my $until = $seconds ? time + $seconds : undef;
while (!$end && (!$until || time < $until)) {
    die "httpd has ended:\n" . $httpd->why if !$httpd->running;
    sleep 0.2;
}
$demo->stop;
print "Stopped; nothing is left behind.\n";

sub in_use {
    my ($wanted) = @_;
    return !IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => $wanted, Listen => 1, ReuseAddr => 1);
}
