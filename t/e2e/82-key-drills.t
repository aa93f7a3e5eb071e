# SPDX-License-Identifier: Apache-2.0
# Changing keys under traffic: the provider's, and the ones that seal our sessions.
use lib 't/lib';
use SSO::Test;
use POSIX ();
use Time::HiRes qw(sleep time);

# Runs all of them at once, each in a process of its own; what each returned.
sub together {
    my (@work) = @_;
    my $gate = time + 0.3;
    my @running = map {
        my $do = $_;
        pipe my $in, my $out or die "pipe: $!";
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            alarm 60;
            sleep $gate - time if $gate > time;
            my $said = eval { $do->() } // "died: $@";
            syswrite $out, $said =~ tr/\n/ /r;
            POSIX::_exit(0);
        }
        close $out;
        [$pid, $in];
    } @work;
    return map { my ($pid, $in) = @$_; my $said = <$in>; waitpid $pid, 0; $said // 'nothing' } @running;
}

# Logins as far as the way back: [browser, callback URL].
sub begin {
    my ($site, $count) = @_;
    return map {
        my $browser = $site->new_browser;
        my $to = $browser->get($site->url('/protected/'))->location;
        [$browser, $browser->get($to)->location];
    } 1 .. $count;
}

sub finish_all {
    my ($site, @begun) = @_;
    return together(map { my ($browser, $url) = @$_; sub { $browser->go($url)->status } } @begun);
}
sub count_of { my ($site, $path) = @_; return scalar(() = $site->op->requests($path)) }

for my $mpm (qw(prefork event)) {
    subtest "the provider changes its keys, $mpm" => sub {
        # Room for all of them to wait for the provider.
        my $many = $mpm eq 'event' ? ''
            : "StartServers 20\nMinSpareServers 20\nMaxSpareServers 30\nMaxRequestWorkers 160";
        my $site = site(httpd => {mpm => $mpm, servers => 4, threads => 40}, snippet => "$many\nSSOMaxCalls 40");
        is login($site, '/protected/')->status, 200, 'alice signs in';
        my @begun = begin($site, 20);
        $site->op->control({jwks => {keys => ['k2'], delay => 400}, id_token => {key => 'k2', kid => 'k2'}});
        my $before = count_of($site, '/jwks');
        my @said = finish_all($site, @begun);
        is_deeply \@said, [(200) x 20], 'twenty people come back at that moment and all get in';
        is count_of($site, '/jwks') - $before, 1, 'for one fetch of the keys, whatever process they came to';
    };
}
subtest 'forged kids and the first real change' => sub {
    my $op = SSO::OP->scripted;
    my $issuer = "SSOBearerIssuer @{[$op->issuer]}\n";
    my $site = site(provider => $op, httpd => {threads => 40}, snippet => $issuer . <<'END');
SSOBearerAudience https://api.example
<Location /api/>
    AuthType sso-oidc
    SSOAccept bearer
    Require valid-user
</Location>
END
    is login($site, '/protected/')->status, 200, 'alice signs in';
    my @forged = map { $site->op->sign(claims => {sub => 'mallory', aud => 'https://api.example'}, typ => 'at+jwt',
        token => {key => 'attacker', kid => "forged-$_"}) } 1 .. 30;
    my @callers = map {
        my @tokens = @forged[3 * $_ .. 3 * $_ + 2];
        my $browser = $site->new_browser;
        sub {
            join ' ', map {
                $browser->get($site->url('/api/'), headers => {Authorization => "Bearer $_"})->status
            } @tokens;
        }
    } 0 .. 9;
    my $before = count_of($site, '/jwks');
    is_deeply [together(@callers)], [('401 401 401') x 10], 'thirty tokens of ten callers are refused';
    my $calls = count_of($site, '/jwks') - $before;
    ok $calls >= 1 && $calls <= 2, "for two calls at most ($calls)";
    my @begun = begin($site, 4);
    $site->op->control({jwks => {keys => ['k2']}, id_token => {key => 'k2', kid => 'k2'}});
    is_deeply [finish_all($site, @begun)], [(200) x 4], 'people who come back after a real change get in at once';
    is count_of($site, '/jwks') - $before - $calls, 1, 'for one call';
    allow_log $site, qr/reason=jwks-unknown-kid/;
};

subtest 'the keys of our own sessions, under traffic' => sub {
    my $site = site(start => 0, snippet => 'SSOKeyFile "${ROOT}/sso.key"');
    my @keys = map { chomp(my $key = qx(openssl rand -base64 32)); "$key\n" } 1, 2;
    my $write = sub { $site->httpd->write('sso.key', join('', @_), 0600) };
    $write->($keys[0]);
    $site->httpd->start;
    is login($site, '/protected/')->status, 200, 'alice signs in';
    my $old = $site->session_cookie;
    my $ask = sub {
        my ($browser, $cookie) = @_;
        my %headers = (Cookie => "$cookie->{name}=$cookie->{value}");
        return $browser->get($site->url('/protected/'), headers => \%headers)->status;
    };
    # Two clients who keep asking with the old session, until the file is there: how often they saw which status.
    my $enough = $site->httpd->root . '/enough';
    my @clients = map {
        pipe my $in, my $out or die;
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            alarm 90;
            my ($browser, %seen) = ($site->new_browser);
            $seen{eval { $ask->($browser, $old) } // 'failed'}++ while !-e $enough;
            syswrite $out, join ' ', sort keys %seen;
            POSIX::_exit(0);
        }
        close $out;
        [$pid, $in];
    } 1, 2;
    sleep 0.5;
    $write->(@keys[1, 0]);
    $site->httpd->graceful;
    is $ask->($site->new_browser, $old), 200, 'a key is added on top: the old session lives';
    my $bob = $site->new_browser;
    is login($site, '/protected/', browser => $bob)->status, 200, 'a new one is made';
    my $new = $site->session_cookie($bob);
    sleep 0.5;
    $site->httpd->write('enough', '');
    is_deeply [map { my ($pid, $in) = @$_; my $said = <$in>; waitpid $pid, 0; $said } @clients], ['200', '200'],
        'nobody saw anything but the page meanwhile';
    $write->($keys[1]);
    $site->httpd->graceful;
    is $ask->($site->new_browser, $old), 302, 'the old key is taken away: its session is none';
    is $ask->($site->new_browser, $new), 200, 'the one of the new key lives';
    allow_log $site, qr/reason=box-unknown-key/;
};
done_testing;
