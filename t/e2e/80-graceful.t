# SPDX-License-Identifier: Apache-2.0
# Graceful restarts under traffic: no request fails, no session is lost; a stop leaves nothing behind (SSO::Test checks).
use lib 't/lib';
use SSO::Test;
use Time::HiRes qw(sleep);

sub ipc { return join '', qx(ipcs -ms 2>/dev/null) =~ /^0x.*$/mg }
my $before = ipc();

for my $mpm (qw(event prefork)) {
    subtest $mpm => sub {
        my $site = site(httpd => {mpm => $mpm}, snippet => "SSOSessionStore cookie");
        login($site, '/protected/');
        my $cookie = $site->session_cookie;
        my @clients = map {
            my $pid = fork // die;
            if (!$pid) {
                my ($failed, $go) = (0, 1);
                my $browser = $site->new_browser;
                local $SIG{TERM} = sub { $go = 0 };
                $SIG{ALRM} = sub { exit 99 };
                alarm 120;
                while ($go) {
                    my $page = eval { $browser->get($site->url('/protected/'), headers => {Cookie => "$cookie->{name}=$cookie->{value}"}) };
                    next if $page && $page->status == 200;
                    last if !$go; # the signal broke it off
                    diag 'failed: ', $page ? $page->summary : $@;
                    $failed++;
                }
                require POSIX;
                POSIX::_exit($failed > 90 ? 90 : $failed);
            }
            $pid;
        } 1 .. 3;
        # As fast as they come with event; prefork's children end one by one.
        my ($restarts, $pause) = $mpm eq 'event' ? (50, 0.05) : (8, 0.5);
        for (1 .. $restarts) { $site->httpd->graceful; sleep $pause }
        kill TERM => @clients;
        for my $pid (@clients) { waitpid $pid, 0; is $? >> 8, 0, 'no request of this client failed' }
        is $site->browser->get($site->url('/protected/'))->status, 200, 'the session lives';
        $site->browser->get($site->url('/sso/logout'));
        $site->httpd->graceful;
        is $site->new_browser->get($site->url('/protected/'), headers => {Cookie => "$cookie->{name}=$cookie->{value}"})->status,
            302, 'what was signed out stays signed out over a restart';
        expect_log $site, qr/reason=session-revoked/;
        $site->httpd->stop;
        is ipc(), $before, 'no shared memory or semaphore is left';
    };
}

subtest 'a provider that is down does not stop the start' => sub {
    my $site = site(start => 0);
    $site->op->stop;
    ok $site->httpd->start, 'httpd starts';
    my $page = $site->browser->get($site->url('/protected/'));
    like $page->status, qr/^50[234]$/, 'a login says so';
    like $page->body, qr/not available right now/, 'with a page';
    like $page->header('Retry-After'), qr/^\d+$/, 'and when to come back';
    expect_log $site, qr/SSO201: .*reason=fetch-connect/;
    allow_log $site, qr/SSO3\d\d|fetch-/;
};

subtest 'after a restart the provider is asked anew; what lies on disk is for one that is down' => sub {
    my $site = site();
    my $enter = sub { login($site, '/protected/', browser => $site->new_browser) };
    is $enter->()->status, 200, 'the first login';
    $site->op->control({jwks => {keys => []}});
    $site->httpd->restart;
    like $enter->()->status, qr/^50[23]$/, 'keys that were taken back are not used';
    expect_log $site, qr/SSO218: .*reason=jwks-empty/;
    $site->op->reset;
    $site->httpd->restart;
    is $enter->()->status, 200, 'back again';
    $site->op->control({discovery => {set => {issuer => 'https://evil.example'}}});
    $site->httpd->restart;
    like $enter->()->status, qr/^50[23]$/, 'nor metadata that it takes back';
    expect_log $site, qr/SSO201: .*reason=disc-issuer-mismatch/;
    $site->op->reset->control({discovery => {status => 500}, jwks => {status => 500}});
    $site->httpd->restart;
    is $enter->()->status, 200, 'the last good copy serves while the provider is down';
    allow_log $site, qr/SSO3\d\d/;
};
done_testing;
