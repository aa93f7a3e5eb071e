# SPDX-License-Identifier: Apache-2.0
# One login with httpd under valgrind: no read of what was never written, none past an end. (Leaks are 81-memory.t's.)
use lib 't/lib';
use SSO::Test;
use File::Temp ();

if ($ENV{SSO_PRELOAD}) {
    pass 'a sanitizer looks at all the others; it and valgrind cannot share a process';
    done_testing;
    exit;
}

my $dir = File::Temp->newdir('sso-valgrind-XXXXXXXX', TMPDIR => 1);
my $server = $ENV{SSO_HTTPD} // (grep { -x } map { "/usr/sbin/$_" } qw(apache2 httpd))[0];
open my $out, '>', "$dir/httpd" or die "$dir/httpd: $!";
print {$out} qq(#!/bin/sh\nexec valgrind -q --leak-check=no --log-file=$dir/%p.log $server "\$@"\n);
close $out or die "$dir/httpd: $!";
chmod 0755, "$dir", "$dir/httpd";
$ENV{SSO_HTTPD} = "$dir/httpd";

my $op = SSO::OP->scripted({path => '/main'});
$op->sign(token => {key => 'k1'}); # a key takes its time when it is made
my $site = site(provider => $op, client => 'basic', location => 'SSOPassToken access', snippet => 'SSOTimeout 20 60',
    httpd => {servers => 1, threads => 4});
my $browser = $site->new_browser(timeout => 120);
is login($site, '/protected/', browser => $browser)->status, 200, 'a login';
is $browser->get($site->url('/protected/'))->status, 200, 'a request with the session';
$browser->settle($browser->get($site->url('/sso/logout')));
is $site->new_browser(timeout => 120)->request(GET => $site->url('/protected/'), plain => 1)->status, 401, 'a request without';
$site->finish;

my @logs = glob "$dir/*.log";
cmp_ok scalar @logs, '>=', 2, 'valgrind saw parent and child';
my $said = join '', map { local (@ARGV, $/) = $_; <> // '' } @logs;
is $said, '', 'and has nothing to say';

done_testing;
