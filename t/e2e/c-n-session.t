# SPDX-License-Identifier: Apache-2.0
# Sessions, cookies, methods, logout and return addresses.
use lib 't/lib';
use SSO::Case;

my $site = case_site([], snippet => <<'END');
<Location /protected/admins/>
    Require sso-claim groups nobody
</Location>
END
my $port = $site->httpd->port;
my $url = sub { return $site->url($_[0] // '/protected/') };
my %nav = ('Sec-Fetch-Dest' => 'document', 'Sec-Fetch-Mode' => 'navigate');

sub ours { return grep { !/=;/ } map { $_->headers('set-cookie') } @_ }
sub is_nobody {
    my ($page, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    unlike $page->status, qr/^2/, $name or diag $page->summary;
    return ok !sent($page), '… the application saw nothing';
}
sub no_session { my ($page, $name) = @_; local $Test::Builder::Level = $Test::Builder::Level + 1; return is scalar(grep { /^sso-$port=./ } ours($page)), 0, $name }

case 'sess-tampered', 'reject', sub {
    login($site);
    my $value = $site->session_cookie->{value};
    for my $at (0, 3, 12, 30, int(length($value) / 3), int(length($value) / 2), length($value) - 20) {
        my $changed = $value;
        substr($changed, $at, 1) = substr($changed, $at, 1) eq 'A' ? 'B' : 'A';
        is_nobody($site->new_browser->get($url->(), headers => {Cookie => "sso-$port=$changed"}), "changed at $at");
    }
    for my $bad ('', 'x', '.', 'null', '%00', substr($value, 1), substr($value, 0, 100), $value . 'A', uc $value, join('', reverse split //, $value), 'A' x 4000) {
        is_nobody($site->new_browser->get($url->(), headers => {Cookie => "sso-$port=$bad"}), substr($bad, 0, 10) . '…');
    }
    for my $name ("SSO-$port", "sso-$port-x", 'sso', "__Host-sso", "sso-$port ") {
        is_nobody($site->new_browser->get($url->(), headers => {Cookie => "$name=$value"}), "under the name '$name'");
    }
    my ($hint) = grep { $_->{name} =~ /hint/ } $site->browser->jar->all;
    is_nobody($site->new_browser->get($url->(), headers => {Cookie => "sso-$port=$hint->{value}"}), 'another sealed cookie in its place');
};

case 'se-cookie-two-same-name', 'accept', sub {
    login($site);
    my $value = $site->session_cookie->{value};
    for my $line ("sso-$port=bad; sso-$port=$value", "sso-$port=$value; sso-$port=bad", "a=b;sso-$port=$value;;; =x; y", "sso-$port=\"$value\"", "sso-$port=$value; sso-$port=$value") {
        my $page = $site->new_browser->get($url->(), headers => {Cookie => $line});
        like $page->status, qr/^(?:200|302)$/, substr($line, 0, 40) =~ s/$port/P/r;
    }
    my @pair = map { "c$_=" . 'x' x 20 } 1 .. 200;
    is $site->new_browser->get($url->(), headers => {Cookie => join '; ', @pair, "sso-$port=$value"})->status, 200, 'behind two hundred others';
    my $page = $site->new_browser->get($url->(), headers => {Cookie => ["a=b", "sso-$port=$value"]});
    like $page->status, qr/^(?:200|302)$/, 'in a second header line';
};

case 'sess-two-tabs', 'accept', sub {
    my $browser = $site->new_browser;
    my @tabs = map { $browser->get($url->("/protected/$_")) } qw(one two);
    is sent($browser->settle($browser->follow($tabs[$_])))->{path}, '/protected/' . (qw(one two))[$_], "tab $_" for 0, 1;
};

case 'sess-cookie-flags', 'accept', sub {
    my $page = login($site, '/protected/', browser => $site->new_browser);
    for my $line (map { $_->headers('set-cookie') } $page->hops) {
        my ($name) = $line =~ /^([^=]+)/;
        like $line, qr/; HttpOnly/i, "$name: HttpOnly";
        like $line, qr/; SameSite=(?:Lax|Strict)/i, "$name: SameSite";
        unlike $line, qr/; Domain=/i, "$name: host-only";
        like $line, qr{; Path=/}, "$name: Path";
    }
};

case 'se-secure-flag se-samesite-formpost', 'accept', sub {
    my $tls = site(tls => 1, snippet => "<SSOProvider post>\nSSOIssuer http://127.0.0.1:9\nSSOClientID app-4711\nSSOResponseType id_token\n"
        . "SSOEndpoint authorization http://127.0.0.1:9/a\nSSOEndpoint jwks http://127.0.0.1:9/j\n</SSOProvider>\n<Location /posted/>\nAuthType sso-oidc\nRequire valid-user\nSSOUse post\n</Location>");
    my $page = login($tls, '/protected/');
    is $page->status, 200, 'in over TLS';
    for my $line (map { $_->headers('set-cookie') } $page->hops) {
        my ($name) = $line =~ /^([^=]+)/;
        like $line, qr/; Secure/i, "$name: Secure";
        like $name, qr/^__(?:Host|Secure)-/, "$name: prefix";
    }
    subtest 'where the answer is posted' => sub {
        my $browser = $tls->new_browser;
        my $start = $browser->get($tls->url('/posted/'));
        is $start->status, 302, 'to the provider';
        my @lines = $start->headers('set-cookie');
        is scalar(grep { /; SameSite=None/i && /; Secure/i } @lines), scalar @lines, 'the login cookie survives a cross-site POST';
        my ($session) = grep { /^__Host-sso=./ } map { $_->headers('set-cookie') } $page->hops;
        like $session, qr/; SameSite=Lax/i, 'the session is Lax';
    };
};
case 'sess-login-cache', 'accept', sub {
    my $page = login($site, '/protected/', browser => $site->new_browser);
    for my $hop (grep { $_->headers('set-cookie') && $_->is_redirect } $page->hops) {
        like $hop->header('cache-control'), qr/no-store/, 'no-store';
        unlike $hop->header('cache-control'), qr/public|max-age=[1-9]/, 'nothing else';
        unlike $hop->status, qr/^30[18]$/, 'not permanent';
        is $hop->header('expires'), '0', 'Expires';
    }
};

case 'sess-secrets-in-url', 'accept', sub {
    my $page = login($site, '/protected/', browser => $site->new_browser);
    my ($r) = $site->op->requests('/userinfo');
    my ($token) = $r->{headers}{authorization} =~ /Bearer (.+)/;
    my @after = grep { $_->url !~ m{/authorize|/sso/callback} } $page->hops;
    unlike $_->url . ($_->header('location') // ''), qr/\Q$token\E|code=|eyJ/, 'no token behind the callback' for $after[-1];
    ok index($page->url, 'state=') < 0, 'nor the state';
};

case 'method-variants', 'reject', sub {
    for my $method (qw(POST PUT DELETE HEAD OPTIONS PROPFIND PATCH MKCOL FOO)) {
        my $page = $site->new_browser->request($method, $url->(), $method =~ /POST|PUT|PATCH/ ? (body => 'x') : ());
        is_nobody($page, $method);
        no_session($page, '… and no session');
    }
    my $trace = $site->new_browser->request('TRACE', $url->(), headers => {Cookie => 'secret=1'});
    isnt $trace->status, 200, 'TRACE';
};

case 'se-forwarded-untrusted', 'accept', sub {
    my %forged = ('X-Forwarded-Host' => 'evil.example', 'X-Forwarded-Proto' => 'https', 'X-Forwarded-Port' => '1', Forwarded => 'host=evil.example;proto=https',
        'X-Original-URL' => '/evil', 'X-Rewrite-URL' => '/evil', 'X-Forwarded-Prefix' => '/evil', 'X-Forwarded-Server' => 'evil.example');
    my $start = $site->new_browser->get($url->(), headers => \%forged);
    is $start->location_query->{redirect_uri}, $site->url('/sso/callback'), 'the redirect URI is ours';
    my $host = $site->new_browser->get($url->(), headers => {Host => 'evil.example'});
    unlike $host->header('location') // '', qr/evil/, 'a foreign Host changes nothing';
    allow_log $site, qr/reason=host-unknown/;
};

case 'se-xhr-401', 'reject', sub {
    for my $headers ({Accept => 'application/json'}, {'X-Requested-With' => 'XMLHttpRequest', Accept => 'text/html'}, {'Sec-Fetch-Dest' => 'empty', 'Sec-Fetch-Mode' => 'cors'}) {
        my $page = $site->new_browser->get($url->(), plain => 1, headers => $headers);
        is $page->status, 401, 'told, not sent away';
        is scalar($page->headers('set-cookie')), 0, 'no cookie';
    }
};
case 'se-post-401', 'reject', sub {
    my $page = $site->new_browser->post($url->(), form => {transfer => 100});
    is $page->status, 401, 'a POST is not lost in a redirect';
    ok !defined $page->header('location'), 'nor sent elsewhere';
};
case 'se-prefetch', 'reject', sub {
    for my $headers ({%nav, 'Sec-Purpose' => 'prefetch'}, {%nav, 'Sec-Purpose' => 'prefetch;prerender'}, {%nav, Purpose => 'prefetch', 'Sec-Purpose' => 'prefetch'}) {
        is scalar($site->new_browser->get($url->(), headers => $headers)->headers('set-cookie')), 0, 'no cookie';
    }
};
case 'se-step-up', 'reject', sub {
    my $browser = $site->new_browser;
    login($site, '/protected/', browser => $browser);
    my $calls = $site->op->requests('/authorize');
    my $page = $browser->get($url->('/protected/admins/'));
    is $page->status, 403, 'not allowed is 403';
    is scalar($site->op->requests('/authorize')), $calls, 'and no login';
    allow_log $site, qr/AH01631|AH01630|sso-claim/;
};

case 'se-inactivity', 'reject', sub {
    my $short = site(provider => $site->op, snippet => 'SSOSessionTimeout 2s 1h');
    my $browser = $short->browser;
    login($short, '/protected/');
    is $browser->get($short->url('/protected/'))->status, 200, 'in';
    sleep 3;
    is $browser->get($short->url('/protected/'))->status, 302, 'idle for three seconds of two: out';
    allow_log $short, qr/reason=session-idle/;
    $short->{op} = undef;
};
case 'se-max-lifetime', 'reject', sub {
    my $short = site(provider => $site->op, snippet => 'SSOSessionTimeout 2s 2s');
    my $browser = $short->browser;
    login($short, '/protected/');
    for (1 .. 6) { select undef, undef, undef, 0.5; $browser->get($short->url('/protected/')) if $_ < 4 }
    is $browser->get($short->url('/protected/'))->status, 302, 'over, however busy it was';
    allow_log $short, qr/reason=session-(?:expired|idle)/;
    $short->{op} = undef;
};

case 'se-store-down', 'reject', sub {
    my $down = site(provider => $site->op, snippet => "SSOSessionStore cache\nSSOCache memcache:127.0.0.1:1", httpd => {modules => ['socache_memcache']});
    my $page = login($down, '/protected/');
    is $page->status, 503, 'a login cannot end: 503';
    ok !$down->session_cookie, 'without a session';
    expect_log $down, qr/SSO209: .*reason=store-failed/;
    my $port = $down->httpd->port;
    is_nobody($down->new_browser->get($down->url('/protected/'), headers => {Cookie => "sso-$port=" . 'A' x 43}), 'an id that cannot be looked up');
    allow_log $down, qr/SSO315|AH0079[01]|reason=(?:store-|box-|session-)/;
    $down->{op} = undef;
};

# --- logout ---

case 'oidcc-client-test-rp-init-logout se-logout-cookie se-logout-idtoken-hint', 'accept', sub {
    my $browser = $site->new_browser;
    login($site, '/protected/', browser => $browser);
    my $value = $site->session_cookie($browser)->{value};
    my $out = $browser->get($url->('/sso/logout?return=/bye'));
    my $query = $out->location_query;
    like $query->{id_token_hint}, qr/^eyJ/, 'the hint';
    is $query->{post_logout_redirect_uri}, $url->('/sso/logout'), 'the return address';
    ok $query->{state}, 'a state';
    ok !$site->session_cookie($browser), 'the cookie is gone';
    like join("\n", $out->headers('set-cookie')), qr{^sso-$port=;.*Path=/}m, 'by the same path';
    is $browser->settle($out)->url, $url->('/bye'), 'and back';
    is_nobody($site->new_browser->get($url->(), headers => {Cookie => "sso-$port=$value"}), 'the copied cookie is worthless');
};
case 'oidcc-client-test-rp-init-logout-no-state', 'accept', sub {
    is $site->new_browser->get($url->('/sso/logout'))->status, 200, 'without a state: a page';
    is $site->new_browser->get($url->('/sso/logout?state=junk'))->status, 200, 'a wrong one too';
    is $site->new_browser->get($url->('/sso/logout?state=' . 'A' x 3000))->status, 200, 'a long one too';
};
case 'se-logout-csrf', 'reject', sub {
    for my $method (qw(GET POST)) {
        my $browser = $site->new_browser;
        login($site, '/protected/', browser => $browser);
        my $page = $browser->request($method, $url->('/sso/logout?return=https://evil.example/'), from => 'https://evil.example/', $method eq 'POST' ? (form => {return => 'https://evil.example/'}) : ());
        unlike $page->header('location') // '', qr{^https://evil}, "$method: no way out to elsewhere";
        is $site->new_browser->get($url->())->status, 302, 'nobody else is touched';
    }
    allow_log $site, qr/SSO215: .*reason=return-/;
};
my %frame = ('Sec-Fetch-Dest' => 'iframe', 'Sec-Fetch-Mode' => 'navigate');
case 'oidcc-client-test-rp-frontchannel-rpinitlogout', 'accept', sub {
    $site->op->control({id_token => {claims => {sid => 'sid-front'}}});
    my $browser = $site->new_browser;
    login($site, '/protected/', browser => $browser);
    my $page = $browser->get($url->('/sso/frontchannel-logout?iss=' . $site->op->issuer . '&sid=sid-front'), headers => \%frame);
    is $page->status, 200, 'taken';
    like $page->header('cache-control'), qr/no-store/, 'nobody keeps it';
    is $browser->get($url->())->status, 302, 'the session is over';
};
case 'fcl-iss-sid', 'reject', sub {
    $site->op->control({id_token => {claims => {sid => 'sid-front'}}});
    my $browser = $site->new_browser;
    login($site, '/protected/', browser => $browser);
    my $iss = $site->op->issuer;
    for my $query ('', 'iss=https://evil.example&sid=sid-front', "iss=$iss&sid=other", "iss=$iss", 'sid=sid-front', "iss=$iss&sid=", "iss=$iss/&sid=sid-front", "iss=$iss&sid=SID-FRONT") {
        my $page = $browser->get($url->("/sso/frontchannel-logout?$query"), headers => \%frame);
        is $page->status, 200, "'" . ($query =~ s/\Q$iss\E/ISS/r) . "'";
        is $browser->get($url->())->status, 200, '… ends nothing';
    }
    is $browser->get($url->("/sso/frontchannel-logout?sid=a&sid=b"))->status, 400, 'twice is refused';
    expect_log $site, qr/SSO216: .*reason=param-duplicate/;
    is scalar($site->op->requests('/revoke')), 0, 'nothing is revoked';
};
case 'fcl-frame', 'accept', sub {
    my $page = $site->new_browser->get($url->('/sso/frontchannel-logout'), headers => \%frame);
    ok !defined $page->header('x-frame-options'), 'may stand in the provider\'s frame';
    unlike $page->body, qr/<script/i, 'without script';
    unlike $page->body, qr/sid|iss/, 'and without an echo';
};

# --- return addresses ---

# Nothing in an answer names another host, except the provider.
sub stays_here {
    my ($page, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $op = $site->op->origin;
    for my $hop ($page->hops) {
        my $to = $hop->header('location') // next;
        my $clean = $to =~ s/[\t\r\n]//gr =~ tr{\\}{/}r;
        next if index($to, "$op/") == 0;
        ok index($clean, $site->origin . '/') == 0 || $clean =~ m{^/(?![/])}, "$name stays here" or diag $to;
    }
    return;
}
# A request target byte by byte, and the login it starts.
sub smuggle {
    my ($target) = @_;
    my $browser = $site->new_browser;
    my $raw = $browser->raw($site->origin, "GET $target HTTP/1.1\r\nHost: 127.0.0.1:$port\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
    my ($location) = $raw =~ /^Location: (\S+)\r$/mi;
    my ($cookie) = $raw =~ /^Set-Cookie: ([^;]+)/mi;
    return $raw if !$location || $location !~ m{/authorize\?};
    my $back = $browser->get($location);
    my $end = $browser->request('GET', $back->location, headers => {Cookie => $cookie});
    return "HTTP/1.1 " . $end->status . "\r\nLocation: " . ($end->header('location') // '') . "\r\n";
}
sub lands_here {
    my ($target) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $answer = smuggle($target);
    my ($to) = $answer =~ /^Location: (\S*)\r$/mi;
    my $clean = ($to // '/') =~ s/[\t\r\n]//gr =~ tr{\\}{/}r;
    ok $clean eq '' || index($clean, $site->origin . '/') == 0 || $clean =~ m{^/(?![/])}, $target or diag $to;
    return;
}
case 'or-double-slash', 'safe', sub {
    lands_here($_) for '//evil.example/../protected/', '//evil.example/protected/', '///evil.example/../../protected/', '/\\evil.example/../protected/', '/./protected/',
        '//evil.example//protected//', '/protected//evil.example', '/protected/..//evil.example', '/protected/%2e%2e//evil.example', '//protected/', '/;//evil.example/../protected/',
        '/protected/?//evil.example', '/protected/#@evil.example', "//evil.example:$port/../protected/", 'http://evil.example/protected/', '*', 'protected/';
    allow_log $site, qr/reason=host-unknown|AH10244: invalid URI path|AH00126/;
};
case 'or-tab', 'safe', sub {
    lands_here($_) for '/%09/evil.example/../protected/', '/%0d%0a//evil.example/../protected/', '/protected/%09//evil.example', '/%5cevil.example/../protected/', '/%2f%2fevil.example/../protected/',
        '/protected/%0d%0aLocation:%20https://evil.example', '/protected/%00', "/protected/\t//evil.example", '/protected/%E2%80%AE', '/protected/%ff%fe';
};
case 'or-userinfo', 'safe', sub {
    lands_here($_) for '/@evil.example/../protected/', '/protected/@evil.example', '//@evil.example/../protected/', '/protected/?@evil.example', '/:@evil.example/../protected/';
};

my @absolute = ('https://evil.example/', 'http://evil.example', 'HTTPS://EVIL.EXAMPLE/', 'ftp://evil.example/', 'javascript:alert(1)', 'data:text/html,x', 'vbscript:x',
    'https:evil.example', 'https:/evil.example', 'https:///evil.example', 'http://127.0.0.1@evil.example/', 'http://evil.example:80\\@127.0.0.1/', 'http://127.0.0.1.evil.example/',
    'https://evil.example#127.0.0.1', 'https://evil.example?127.0.0.1', "http://127.0.0.1:1$port/", 'http://[::1]:80/', 'http://0x7f.1/', 'http://127.1/', 'file:///etc/passwd', 'about:blank', ' https://evil.example');
my @relative = ('//evil.example/', '///evil.example/', '////evil.example/', '/\\evil.example/', '\\\\evil.example\\', '\\/evil.example', '/\\/evil.example', "/\t/evil.example", "\t//evil.example", "/\n/evil.example",
    "/\r/evil.example", ' //evil.example', '//evil.example/..', '/..//evil.example', '/.//evil.example', '/x/../..//evil.example', '//evil%2eexample/', '/%5cevil.example/%2f..', "/\x{85}/evil.example", "\x{3000}//evil.example", '//@evil.example', '?//evil.example', '#//evil.example', '.', 'evil.example',
    "/\x01/evil.example", '/x' x 2000);
for my $endpoint (qw(logout login)) {
    for my $list (['absolute', \@absolute], ['relative', \@relative]) {
        my ($name, $values) = @$list;
        my $body = sub {
            for my $value (@$values) {
                my $browser = $site->new_browser;
                my $page = $browser->get($url->("/sso/$endpoint?return=" . SSO::Browser::escape($value)));
                if ($page->is_redirect && $endpoint eq 'login') { $page = $browser->settle($browser->follow($page), max => 5) }
                $page->{hops} //= [$page];
                stays_here($page, substr(JSON::PP->new->ascii->allow_nonref->encode($value), 0, 60));
                like $page->status, $name eq 'absolute' ? qr/^400$/ : qr/^(?:400|302|200)$/, 'status';
            }
            allow_log $site, qr/SSO2(?:15|02): .*reason=(?:return-|form-)/;
        };
        if ($endpoint eq 'login') { subtest "login return URL list $name" => $body }
        elsif ($name eq 'absolute') { case 'lo-absolute', 'reject', $body }
        else { case 'lo-relative', 'reject', $body }
    }
}
done_cases;
