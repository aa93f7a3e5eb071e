# SPDX-License-Identifier: Apache-2.0
# SSOCache stops answering: sessions that lie there are neither lost nor renewed by a login, they wait (503).
use lib 't/lib';
use SSO::Test;
use SSO::Proc;

# A memcached of one connection at a time a child, that answers SERVER_ERROR while the file `broken` is there.
my $memcached = <<'END';
use IO::Socket::IP; use IO::Select;
my $broken = shift;
my $l = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 20) or die; $| = 1;
print 'READY ', $l->sockport, "\n";
my ($s, %kept, %in) = IO::Select->new($l);
while (my @ready = $s->can_read) { for my $c (@ready) {
    if ($c == $l) { $s->add(scalar $l->accept); next }
    if (!sysread $c, $in{$c}, 65536, length($in{$c} // '')) { $s->remove($c); close $c; delete $in{$c}; next }
    while ($in{$c} =~ /^([^\r]*)\r\n/) {
        my ($line, @word) = ($1, split ' ', $1);
        my $size = $word[0] eq 'set' ? $word[4] : undef;
        last if defined $size && length $in{$c} < length($line) + $size + 4;
        my $data = defined $size ? substr $in{$c}, length($line) + 2, $size : undef;
        substr $in{$c}, 0, length($line) + 2 + (defined $size ? $size + 2 : 0), '';
        my $out = -e $broken ? "SERVER_ERROR out of order\r\n"
            : defined $size ? do { $kept{$word[1]} = $data; "STORED\r\n" }
            : $word[0] eq 'get'
            ? (map { defined ? "VALUE $word[1] 0 " . length($_) . "\r\n$_\r\n" : '' } $kept{$word[1]})[0] . "END\r\n"
            : $word[0] eq 'delete' ? (delete $kept{$word[1]} ? "DELETED\r\n" : "NOT_FOUND\r\n") : "VERSION 1\r\n";
        syswrite $c, $out;
    }
} }
END
my $dir = File::Temp->newdir;
my $cache = SSO::Proc->start(command => [$^X, '-e', $memcached, "$dir/broken"], ready => qr/^READY (\d+)/);
my $site = site(httpd => {modules => ['socache_memcache']}, snippet => <<"END");
SSOSessionStore cache
SSOCache memcache:127.0.0.1:$cache->{ready}
<Location "/om/">
    AuthType sso-oidc
    Require valid-user
    SSOBridge openmetadata
    SSOMintAudience openmetadata
</Location>
END
sub break { my ($yes) = @_; $yes ? do { open my $f, '>', "$dir/broken" or die } : unlink "$dir/broken"; return }

is login($site, '/protected/')->status, 200, 'a login';
is $site->browser->get($site->url('/protected/'))->status, 200, 'its session lies in the cache';
break(1);
my $asked = $site->op->requests('/authorize');
for my $kind ('a page', 'a script') {
    my $page = $site->browser->request('GET', $site->url('/protected/'), fetch => $kind eq 'a script');
    is $page->status, 503, "$kind waits";
    like $page->header('Retry-After'), qr/^\d+$/, '… and is told how long';
    is scalar($page->headers('set-cookie')), 0, '… no cookie is touched';
    expect_log $site, qr/SSO223: .*reason=store-failed/;
}
for my $call (qw(/om/api/v1/auth/refresh /om/api/v1/tables)) {
    my $answer = $site->browser->fetch($site->url($call));
    is $answer->status, 503, "the bridge: $call waits too, instead of signing out";
    like $answer->header('Retry-After'), qr/^\d+$/, '… and is told how long';
    is $answer->json->{code}, 503, '… in JSON';
    expect_log $site, qr/SSO257: .*reason=store-failed/;
}
my $callback = SSO::Browser::escape($site->url('/om/auth/callback'));
is $site->browser->get($site->url("/om/api/v1/auth/login?redirectUri=$callback&prompt=none"))->location, $site->url('/om/signin'),
    'a silent login ends at the interface';
is $site->browser->get($site->url("/om/api/v1/auth/login?redirectUri=$callback"))->status, 503, 'one of a person waits';
expect_log $site, qr/SSO223: .*reason=store-failed/;
my $name = $site->session_cookie->{name};
my $both = "$name=" . $site->session_cookie->{value} . "; $name=1tossed";
is $site->new_browser->get($site->url('/protected/'), headers => {Cookie => $both})->status, 503,
    'a tossed cookie beside it changes nothing';
is $site->new_browser->get($site->url('/protected/'))->status, 302,
    'who has no session is sent to the provider as ever';
$asked = $site->op->requests('/authorize');
is login($site, '/protected/', browser => my $newcomer = $site->new_browser)->status, 503, '… whose login cannot be kept';
expect_log $site, qr/SSO209: .*put of \d+ bytes failed: .* reason=store-failed/;
is scalar($site->op->requests('/authorize')), $asked + 1, '… and is not begun again';
$asked++;
break(0);
my $status = 0;
for (1 .. 40) { # httpd's client asks a server that failed again after five seconds
    $status = $site->browser->get($site->url('/protected/'))->status;
    last if $status != 503;
    select undef, undef, undef, 0.5;
}
is $status, 200, 'when it answers again, she is in as before';
is scalar($site->op->requests('/authorize')), $asked, 'without a login';
allow_log $site, qr/SSO210|SSO223|store-|socache_memcache:/;
$cache->stop;
done_testing;
