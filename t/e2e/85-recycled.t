# SPDX-License-Identifier: Apache-2.0
# Children that come and go: recycled every 20 connections under logins, sessions and refreshes; killed while they wait
# for the provider. No request fails, no session is lost, nothing that was held stays held.
use lib 't/lib';
use SSO::Test;
use SSO::Machines;
use Time::HiRes qw(sleep time);
require POSIX;

my $metrics = <<'END';
<Location /static/metrics>
    SetHandler sso-metrics
    Require ip 127.0.0.1
</Location>
END
sub waiting { my ($site) = @_; return $site->new_browser->get($site->url('/static/metrics'))->body =~ /^sso_provider_calls\{\S* (\d+)$/m && $1 }
sub token { my ($page) = @_; return sent_header($page, 'Authorization') // $page->summary }
sub open_files { my ($pid) = @_; return scalar(() = glob "/proc/$pid/fd/*") }
sub children { my ($site) = @_; my $pid = $site->httpd->pid; return split ' ', qx(cat /proc/$pid/task/*/children) }

# Runs this again and again, until told to stop; what it says went wrong is a failure. Returns how to stop it and hear of them.
sub again {
    my ($code) = @_;
    my $pid = fork // die;
    if (!$pid) {
        my ($failed, $go) = (0, 1);
        local $SIG{TERM} = sub { $go = 0 };
        $SIG{ALRM} = sub { POSIX::_exit(99) };
        alarm 60;
        while ($go) {
            my $wrong = eval { $code->() } // $@;
            last if !$go; # the signal broke it off
            next if !length $wrong;
            diag $wrong;
            $failed++;
        }
        POSIX::_exit($failed > 90 ? 90 : $failed);
    }
    return sub { kill TERM => $pid; waitpid $pid, 0; return $? >> 8 };
}

for my $mpm (qw(event prefork)) {
    subtest "$mpm, MaxConnectionsPerChild 20" => sub {
        my $site = site(httpd => {mpm => $mpm}, op => {tokens => {refresh => 'always', expires_in => 4, family => true}},
            location => 'SSOPassToken access', snippet => <<"END");
SSOSessionStore cache
SSOCache "shmcb:\${ROOT}/run/sso-cache(4194304)"
MaxConnectionsPerChild 20
LogFormat "%P" process
CustomLog "\${ROOT}/logs/processes" process
$metrics
END
        my $url = $site->url('/protected/');
        my @person = map { my $b = $site->new_browser; is login($site, '/protected/', browser => $b)->status, 200, 'signed in'; $b } 1 .. 2;
        my ($files, $many) = (open_files($site->httpd->pid), scalar children($site));
        my @stop = (
            again(sub { my $page = login($site, '/protected/', browser => $site->new_browser); return $page->status == 200 ? '' : 'a login: ' . $page->summary }),
            again(sub { my $b = $site->new_browser; login($site, '/protected/', browser => $b); $b->get($site->url('/sso/logout'));
                my $page = $b->get($url); return $page->status == 302 ? '' : 'after a logout: ' . $page->summary }),
            map { my $b = $_; again(sub { my $page = $b->get($url); return $page->status == 200 ? '' : 'a session: ' . $page->summary }) } @person);
        my %process;
        ok within(30, sub { %process = map { $_ => 1 } split ' ', $site->httpd->read('logs/processes'); return keys %process > 15
            && 2 < grep { ($_->{form}{grant_type} // '') eq 'refresh_token' } $site->op->requests('/token') }), 'processes come and go, tokens are renewed';
        is $_->(), 0, 'no request of this client failed' for @stop;
        is_deeply [$site->op->failures], [], 'no refresh token was used twice';
        is $_->get($url)->status, 200, 'the session lives' for @person;
        ok within(10, sub { waiting($site) eq '0' }), 'nobody holds a place';
        cmp_ok scalar(children($site)), '<=', $many + 12, 'of all of them few are there';
        is open_files($site->httpd->pid), $files, '… and as many open files';
        $site->finish;
    };
}

subtest 'children are killed while they wait for the provider' => sub {
    # 64 workers: 16 may wait, 8 for one provider.
    my $site = site(op => {tokens => {refresh => 'always', expires_in => 4}}, location => 'SSOPassToken access',
        snippet => "SSOSessionStore cache\nSSOTimeout 5 60\n$metrics");
    my $url = $site->url('/protected/');
    my $cookie = sub { my ($b) = @_; my $c = $site->session_cookie($b); return "$c->{name}=$c->{value}" };
    my @person = map { my $b = $site->new_browser; login($site, '/protected/', browser => $b); $b } 1 .. 8;
    my @first = map { token($_->get($url)) } @person;
    sleep 4.2;
    $site->op->control({token => {hang => true}});
    my @lost = map { my $b = $_; my $pid = fork // die; if (!$pid) { eval { $b->get($url) }; POSIX::_exit(0) } $pid } @person;
    ok within(15, sub { waiting($site) == 8 }), 'eight refreshes wait, and all places are taken' or diag waiting($site);
    kill KILL => children($site);
    waitpid $_, 0 for @lost;
    $site->op->control({token => {'$clear' => true}});
    ok within(15, sub { eval { waiting($site) eq '0' } }), 'their places are free';
    my $start = time;
    my @second = map { token($_->get($url)) } @person;
    cmp_ok time - $start, '<', 10, 'nobody waits for the dead';
    is scalar(grep { $second[$_] =~ /^Bearer/ && $second[$_] ne $first[$_] } 0 .. $#person), 8, 'all go on with new tokens' or diag explain \@second;
    is login($site, '/protected/', browser => $site->new_browser)->status, 200, 'logins go on';
    allow_log $site, qr/AH00052|SSO365/;
    $site->finish;
};
done_testing;
