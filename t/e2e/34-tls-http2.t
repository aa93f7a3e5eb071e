# SPDX-License-Identifier: Apache-2.0
# A TLS vhost with __Host- cookies, HTTP/2, a TLS proxy in front, and the MPMs.
use lib 't/lib';
use SSO::Test;

sub curl {
    my ($site, @args) = @_;
    my $ca = $site->{authority}->ca;
    open my $out, '-|', 'curl', '-sk', '--max-time', '20', '--cacert', $ca, @args or die "curl: $!";
    local $/;
    return scalar <$out>;
}

subtest 'TLS' => sub {
    my $site = site(tls => 1);
    my $page = login($site, '/protected/');
    is $page->status, 200, 'a login over TLS';
    is sent_header($page, 'X-SSO-Sub'), 'alice', 'identity';
    my %cookie = map { $_->{name} => $_ } $site->browser->jar->all;
    ok $cookie{'__Host-sso'}, 'the session is a __Host- cookie';
    my @lines = map { $_->headers('set-cookie') } $page->hops;
    my @ours = grep { /^__(?:Host|Secure)-sso/ } @lines;
    is scalar(grep { !/; Secure/i || !/; HttpOnly/i } @ours), 0, 'all of ours are Secure and HttpOnly';
    ok !(grep { /^__Host-/ && (/domain=/i || !m{; path=/(?:;|$)}i) } @ours), '__Host- cookies have Path=/ and no Domain';
    my ($hint) = grep { /^__Secure-sso-hint=./ } @ours;
    like $hint, qr{; Path=/sso/}i, 'the hint stays below the base path';
    my $seen = sent($page);
    ok !(grep { /__Host-sso/ } values %{$seen->{headers}}), 'nothing of it reaches the application';
};

subtest 'HTTP/2' => sub {
    my $site = site(tls => 1, httpd => {modules => ['http2']}, snippet => 'Protocols h2 http/1.1');
    my $jar = $site->httpd->root . '/jar';
    my $url = $site->url('/protected/');
    my @nav = ('-H', 'Sec-Fetch-Dest: document', '-H', 'Sec-Fetch-Mode: navigate', '-H', 'Accept: text/html');
    my $out = curl($site, '--http2', '-L', '-c', $jar, '-b', $jar, @nav, '-w', "\n%{http_code} %{http_version}", $url);
    like $out, qr/\n200 2$/, 'a login over HTTP/2';
    like $out, qr/"x-sso-sub":"alice"/, 'identity';
    my @urls = map { ('-o', '/dev/null', "$url?$_") } 1 .. 60;
    my $many = curl($site, '--http2', '--parallel', '-b', $jar, '-w', "%{http_code}\n", @urls);
    is scalar(() = $many =~ /^200$/mg), 60, 'sixty streams with the session';
    like curl($site, '--http2', '-i', '-H', 'X_SSO_Sub: mallory', $site->url('/open/')), qr/^(?!.*mallory)/s, 'names are scrubbed';
    like curl($site, '--http2', '-i', '-I', @nav, $url), qr{^HTTP/2 302}, 'HEAD is redirected';
};

subtest 'TLS ends at a proxy' => sub {
    my $site = site(snippet => <<'END', httpd => {host => 'localhost'});
<VirtualHost *:${PORT}>
    ServerName localhost
    SSOTrustedProxy 127.0.0.1/32
</VirtualHost>
END
    my %forwarded = ('X-Forwarded-Proto' => 'https', 'X-Forwarded-Host' => 'localhost', 'X-Forwarded-Port' => '443');
    my $page = $site->browser->get($site->url('/protected/'), headers => \%forwarded);
    is SSO::Browser::query_of($page->location)->{redirect_uri}, 'https://localhost/sso/callback', 'its word counts when it is trusted'
        or diag $page->summary;
};

for my $mpm (qw(prefork worker event)) {
    subtest $mpm => sub {
        my $site = site(httpd => {mpm => $mpm});
        is login($site, '/protected/')->status, 200, 'a login';
        is $site->browser->get($site->url('/protected/'))->status, 200, "request $_" for 1 .. 10;
    };
}
done_testing;
