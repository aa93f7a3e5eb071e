# SPDX-License-Identifier: Apache-2.0
# Authorization responses: everything that can arrive at the callback, from the provider, the browser or a stranger.
use lib 't/lib';
use SSO::Case;

sub answer { return {authorize => {@_}} }
sub param { return {authorize => {set => {@_}}} }

# A login up to the address the provider sends the browser to.
sub callback_url {
    my ($case, $browser) = @_;
    $browser //= $case->{browser};
    return $browser->follow($browser->get($case->{site}->url($case->{path})))->location;
}
# Opens the callback with its query changed.
sub changed {
    my ($change, %opt) = @_;
    return sub {
        my ($case) = @_;
        local $_ = callback_url($case);
        $change->($case);
        return $case->{browser}->settle($case->{browser}->get($_, from => $case->{op}->issuer, %opt));
    };
}
# Sends the query as a body, or something else as one.
sub posted {
    my (%opt) = @_;
    return sub {
        my ($case) = @_;
        my ($url, $query) = split /\?/, callback_url($case), 2;
        $query = $opt{body}->($query) if $opt{body};
        my $type = exists $opt{type} ? $opt{type} : 'application/x-www-form-urlencoded';
        return $case->{browser}->settle($case->{browser}->request($opt{method} // 'POST', $url . ($opt{query} ? "?$query" : ''), body => $query,
            from => $case->{op}->issuer, headers => {'Content-Type' => $type, %{$opt{headers} // {}}}));
    };
}
my %none = (calls => {'/token' => 0});

run_cases(
    # RFC 9207
    ['iss-param-wrong invalid-authorization-response-iss', 'reject iss-mismatch', param(iss => 'https://evil.example'), %none],
    ['iss-param-missing remove-authorization-response-iss', 'reject iss-missing', answer(iss => false), %none],
    ['iss-param-empty', 'reject iss-mismatch', param(iss => ''), %none],
    ['iss-param-slash', 'reject iss-mismatch', param(iss => '${iss}/'), %none],
    ['iss-param-case', 'reject iss-mismatch', param(iss => {'$upper' => '${iss}'}), %none],
    ['iss-param-twice', 'reject param-duplicate', answer(dup => {iss => '${iss}'}), %none],
    ['iss-param-wrong-unadvertised', 'reject iss-mismatch', {discovery => {remove => ['authorization_response_iss_parameter_supported']},
        authorize => {set => {iss => 'https://evil.example'}}}, %none],
    ['iss-param-unadvertised', 'accept', {discovery => {remove => ['authorization_response_iss_parameter_supported']}, authorize => {iss => false}}],
    ['ok-iss-param', 'accept', {}],
    ['iss-param-wrong-with-error', 'reject iss-mismatch', {authorize => {error => 'access_denied', set => {iss => 'https://evil.example'}}}, %none],
    ['iss-param-missing-with-error', 'reject iss-missing', {authorize => {error => 'access_denied', iss => false}}, %none],

    # state
    ['cb-state-missing ensure-authorization-response-with-invalid-missing-state-fails', 'reject state-missing', answer(remove => ['state']), %none],
    ['cb-state-empty', 'reject state-missing', param(state => ''), %none],
    ['cb-state-wrong ensure-authorization-response-with-invalid-state-fails', 'reject box-malformed', param(state => 'another'), %none],
    ['cb-state-truncated', 'reject box-malformed|box-tampered', {}, %none, go => changed(sub { s/(state=[^&]+)[^&]/$1/ })],
    ['cb-state-longer', 'reject box-malformed|box-tampered', {}, %none, go => changed(sub { s/(state=[^&]+)/$1A/ })],
    ['cb-state-first-character', 'reject box-malformed', {}, %none, go => changed(sub { s/state=(.)/'state=' . ($1 eq 'A' ? 'B' : 'A')/e })],
    ['cb-state-middle', 'reject box-tampered', {}, %none, go => changed(sub { s/(state=[^&]{90})(.)/$1 . ($2 eq 'A' ? 'B' : 'A')/e })],
    ['cb-state-upper', 'reject box-malformed|box-tampered|box-unknown-key', {}, %none, go => changed(sub { s/(state=)([^&]+)/$1\U$2/ })],
    ['cb-state-padded', 'reject box-malformed', {}, %none, go => changed(sub { s/(state=[^&]+)/$1=/ })],
    ['cb-state-twice', 'reject param-duplicate', answer(dup => {state => '${state}'}), %none],
    ['cb-state-twice-name-escaped', 'reject param-duplicate', {}, %none, go => changed(sub { s/(state=[^&]+)/$1&%73tate=x/ })],
    ['cb-state-64k', 'reject state-too-long', {}, %none, go => changed(sub { s/state=[^&]+/'state=' . 'A' x 6000/e })],
    ['cb-state-nul', 'reject form-nul', {}, %none, go => changed(sub { s/(state=[^&]+)/$1%00/ })],
    ['cb-state-of-other-provider', 'reject state-provider', {}, own => 1, %none, go => changed(sub { s{/sso/callback/\w+}{/sso/callback} })],
    ['mixup-token-to-wrong-op', 'reject state-provider', {}, %none, go => changed(sub { s{/sso/callback}{/sso/callback/c1} })],
    ['cb-other-browser', 'reject login-cookie-absent', {}, %none, go => sub {
        my ($case) = @_;
        my $url = callback_url($case, $case->{site}->new_browser);
        return $case->{browser}->get($url, from => 'https://evil.example/');
    }],
    ['cb-cookies-tossed', 'reject login-cookie-absent', {}, %none, go => sub {
        my ($case) = @_;
        my $url = callback_url($case);
        $case->{browser}->jar->clear;
        return $case->{browser}->get($url, from => $case->{op}->issuer);
    }],
    ['cb-login-cookie-changed', 'reject login-cookie-absent', {}, %none, go => sub {
        my ($case) = @_;
        my $url = callback_url($case);
        my ($cookie) = grep { $_->{name} =~ /login/ } $case->{browser}->jar->all;
        my ($name, $value) = @$cookie{qw(name value)};
        $case->{browser}->jar->clear;
        return $case->{browser}->get($url, from => $case->{op}->issuer, headers => {Cookie => "\U$name\E=$value"});
    }],
    # Lured here in the middle of a login of its own: nothing is begun again behind the person's back.
    ['cb-login-cookie-of-other-login', 'reject login-cookie-other', {}, %none, go => sub {
        my ($case) = @_;
        my $url = callback_url($case, $case->{site}->new_browser);
        callback_url($case);
        return $case->{browser}->get($url, from => $case->{op}->issuer);
    }],
    ['cb-login-cookie-of-other-value', 'reject box-tampered|login-cookie-name', {}, %none, go => sub {
        my ($case) = @_;
        my $other = $case->{site}->new_browser;
        callback_url($case, $other);
        my ($theirs) = grep { $_->{name} =~ /login/ } $other->jar->all;
        my $url = callback_url($case);
        my ($ours) = grep { $_->{name} =~ /login/ } $case->{browser}->jar->all;
        $case->{browser}->jar->set($case->{site}->origin, $ours->{name}, $theirs->{value});
        return $case->{browser}->get($url, from => $case->{op}->issuer);
    }],
    ['cb-login-cookie-tossed-first', 'accept', {}, go => sub {
        my ($case) = @_;
        my $url = callback_url($case);
        my ($cookie) = grep { $_->{name} =~ /login/ } $case->{browser}->jar->all;
        my ($name, $value) = @$cookie{qw(name value)};
        $case->{browser}->jar->clear;
        return $case->{browser}->settle($case->{browser}->get($url, from => $case->{op}->issuer, headers => {Cookie => "$name=evil; $name=$value"}));
    }],

    # code
    ['cb-code-missing', 'reject code-missing', answer(remove => ['code']), %none],
    ['cb-code-empty', 'reject code-missing', param(code => ''), %none],
    ['cb-code-twice', 'reject param-duplicate', answer(dup => {code => 'x'}), %none],
    ['cb-code-unknown', 'reject token-invalid-grant', param(code => 'stolen')],
    ['cb-code-injected-form', 'reject token-invalid-grant', param(code => 'x&client_id=evil&grant_type=password'),
        check => sub { my ($r) = grep { $_->{path} =~ /token/ } @{$_[0]{requests}}; is $r->{form}{code}, 'x&client_id=evil&grant_type=password', 'one value' }],
    ['cb-code-6k', 'reject token-invalid-grant', param(code => 'c' x 6000)],
    ['cb-code-unicode', 'reject token-invalid-grant', param(code => 'ü日')],
    ['cb-code-crlf', 'reject token-invalid-grant', param(code => "x\r\nX-Evil: 1")],
    ['cb-code-injection-pkce', 'reject token-invalid-grant', {}, go => sub {
        my ($case) = @_;
        my $theirs = SSO::Browser::query_of(callback_url($case, $case->{site}->new_browser))->{code};
        my $url = callback_url($case) =~ s/code=[^&]+/code=$theirs/r;
        return $case->{browser}->get($url, from => $case->{op}->issuer);
    }],
    ['cb-code-injection-nonce', 'reject idt-nonce', {strict => {pkce => false}}, go => sub {
        my ($case) = @_;
        my $theirs = SSO::Browser::query_of(callback_url($case, $case->{site}->new_browser))->{code};
        my $url = callback_url($case) =~ s/code=[^&]+/code=$theirs/r;
        return $case->{browser}->get($url, from => $case->{op}->issuer);
    }],
    ['cb-replay', 'accept', {}, calls => {'/token' => 1}, go => sub {
        my ($case) = @_;
        my $url = callback_url($case);
        $case->{browser}->settle($case->{browser}->get($url, from => $case->{op}->issuer));
        return $case->{browser}->settle($case->{browser}->get($url, from => $case->{op}->issuer));
    }],
    ['cb-replay-after-logout', 'reject login-cookie-absent', {}, calls => {'/token' => 1}, go => sub {
        my ($case) = @_;
        my $url = callback_url($case);
        $case->{browser}->settle($case->{browser}->get($url, from => $case->{op}->issuer));
        $case->{browser}->get($case->{site}->url('/sso/logout'));
        $case->{site}->upstream->_call(POST => '/_reset');
        return $case->{browser}->get($url, from => $case->{op}->issuer);
    }],
    ['cb-replay-other-browser', 'reject login-cookie-absent', {}, calls => {'/token' => 1}, go => sub {
        my ($case) = @_;
        my $victim = $case->{site}->new_browser;
        my $url = callback_url($case, $victim);
        $victim->settle($victim->get($url, from => $case->{op}->issuer));
        $case->{site}->upstream->_call(POST => '/_reset');
        return $case->{browser}->get($url);
    }],
    ['cb-replay-failed-login', 'reject idt-nonce', {id_token => {claims => {nonce => 'x'}}}, go => sub {
        my ($case) = @_;
        $case->{url} = callback_url($case);
        return $case->{browser}->get($case->{url}, from => $case->{op}->issuer);
    }, check => sub {
        my ($case) = @_;
        $case->{op}->control({id_token => {claims => {'$clear' => true}}});
        like $case->{browser}->get($case->{url}, from => $case->{op}->issuer)->status, qr/^[45]/, 'not the second time either';
        expect_log $case->{site}, qr/reason=token-invalid-grant/, 'a spent code stays spent';
    }],

    # an error instead
    ['cb-error-xss', 'reject provider-error', answer(error => '<script>alert(1)</script>', error_description => '"><img src=x onerror=alert(1)>'), %none,
        check => sub { unlike $_[0]{page}->body, qr/<script>|<img/, 'nothing of it is on the page' }],
    ['cb-error-access-denied', 'reject provider-access-denied', answer(error => 'access_denied'), status => qr/^403$/, %none],
    ['cb-error-login-required', 'reject provider-login-required', answer(error => 'login_required'), %none],
    ['cb-error-server-error', 'reject provider-server-error', answer(error => 'server_error'), %none],
    ['cb-error-temporarily', 'reject provider-temporarily-unavailable', answer(error => 'temporarily_unavailable'), %none],
    ['cb-error-unknown', 'reject provider-error', answer(error => 'we_are_closed'), %none],
    ['cb-error-with-code', 'reject provider-server-error', {authorize => {set => {error => 'server_error'}}}, %none],
    ['cb-error-empty-without-code', 'reject code-missing', {authorize => {set => {error => ''}, remove => ['code']}}, %none],
    ['cb-error-description-10k', 'reject provider-server-error', answer(error => 'server_error', error_description => 'd' x 6000), %none,
        check => sub { cmp_ok length($_[0]{lines}[0]), '<', 2000, 'the line stays short' }],
    ['cb-error-log-injection', 'reject provider-error', answer(error => "x\nSSO001: forged reason=none id=1\e[2J"), %none,
        check => sub { my @l = $_[0]{site}->log->lines(qr/^SSO001: forged/); is @l, 0, 'no line of its own' }],
    ['cb-error-no-state', 'reject state-missing', answer(error => 'access_denied', remove => ['state']), %none],
    ['cb-error-utf8', 'reject form-utf8', {}, %none, go => changed(sub { $_ .= '&error_description=%ff%fe' })],
    ['req-prompt-none-error', 'reject provider-login-required', answer(error => 'login_required'), conf => 'SSOAuthParam prompt none', calls => {'/authorize' => 1}],
    ['req-loop', 'reject provider-error', answer(error => 'again'), calls => {'/authorize' => 1}],

    # what nobody asked for
    ['cb-fragment-params-in-query', 'reject response-type-mixed', param(id_token => 'e30.e30.e30', access_token => 'attacker'), %none],
    ['cb-access-token-in-query', 'reject response-type-mixed', param(access_token => 'attacker'), %none],
    ['cb-id-token-in-query', 'reject response-type-mixed', param(id_token => 'e30.e30.e30'), %none],
    ['cb-token-type-twice', 'reject param-duplicate', {authorize => {set => {token_type => 'Bearer'}, dup => {token_type => 'x'}}}, %none],
    ['cb-unknown-parameters', 'accept', param(session_state => 'x.y', scope => 'openid', authuser => '0', hd => 'example.com', prompt => 'none', foo => 'ü')],
    ['cb-unknown-parameter-twice', 'accept', {authorize => {set => {foo => '1'}, dup => {foo => '2'}}}],
    ['cb-response-jarm', 'reject state-missing', {}, %none, go => changed(sub { s/\?.*/?response=e30.e30.e30/ })],

    # methods and bodies
    ['cb-form-post-unasked', 'reject response-mode', {authorize => {mode => 'form_post'}}, %none],
    ['cb-put', 'reject method', {}, status => qr/^405$/, %none, go => posted(method => 'PUT')],
    ['cb-delete', 'reject method', {}, status => qr/^405$/, %none, go => posted(method => 'DELETE', query => 1)],
    ['cb-patch', 'reject method', {}, status => qr/^405$/, %none, go => posted(method => 'PATCH')],
    ['cb-propfind', 'reject method', {}, status => qr/^405$/, %none, go => posted(method => 'PROPFIND')],
    ['cb-unknown-method', 'reject method', {}, status => qr/^405$/, %none, go => posted(method => 'FOO')],
    ['cb-options', 'reject method', {}, status => qr/^405$/, %none, go => posted(method => 'OPTIONS', query => 1)],
    ['cb-post-query-and-body', 'reject response-mode', {}, %none, go => posted(query => 1)],
    ['cb-post-no-state-but-query', 'reject state-missing', {}, %none, go => posted(query => 1, body => sub { 'a=b' })],
    ['cb-post-empty', 'reject state-missing', {}, %none, go => posted(body => sub { '' })],
    ['cb-no-content-type', 'reject body-type', {}, %none, go => posted(type => undef)],
    ['cb-bogus-content-type', 'reject body-type', {}, %none, go => posted(type => 'bogus')],
    ['cb-json-body', 'reject body-type', {}, %none, go => posted(type => 'application/json', body => sub { '{"state":"x"}' })],
    ['cb-multipart-body', 'reject body-type', {}, %none, go => posted(type => 'multipart/form-data; boundary=x')],
    ['cb-text-plain-body', 'reject body-type', {}, %none, go => posted(type => 'text/plain')],
    ['cb-form-type-prefix', 'reject body-type', {}, %none, go => posted(type => 'application/x-www-form-urlencodedx')],
    ['cb-post-20mb', 'reject body-too-large', {}, %none, go => posted(body => sub { 'a=' . 'x' x (20 << 20) })],
    ['cb-post-100k-params', 'reject form-too-many', {}, %none, go => posted(body => sub { join '&', $_[0], ('a=') x 20000 }),
        check => sub { cmp_ok $_[0]{seconds}, '<', 5, 'at once' }],
    ['cb-post-nul', 'reject form-nul', {}, %none, go => posted(body => sub { "$_[0]&x=a\0b" })],
    ['cb-post-utf16', 'reject form-nul', {}, %none, go => posted(body => sub { join "\0", split //, $_[0] })],

    # percent signs
    ['cb-bad-percent', 'reject form-escape', {}, %none, go => changed(sub { $_ .= '&x=%zz' })],
    ['cb-percent-at-end', 'reject form-escape', {}, %none, go => changed(sub { $_ .= '&x=%' })],
    ['cb-percent-half', 'reject form-escape', {}, %none, go => changed(sub { $_ .= '&x=%4' })],
    ['cb-percent-u', 'reject form-escape', {}, %none, go => changed(sub { $_ .= '&x=%u0041' })],
    ['cb-nul-escaped', 'reject form-nul', {}, %none, go => changed(sub { s/code=/code=%00/ })],
    ['cb-overlong-utf8', 'reject form-utf8', {}, %none, go => changed(sub { $_ .= '&x=%c0%ae' })],
    ['cb-no-query', 'reject state-missing', {}, %none, go => changed(sub { s/\?.*// })],
    ['cb-only-separators', 'reject state-missing', {}, %none, go => changed(sub { s/\?.*/?&&&&/ })],
    ['cb-only-equals', 'reject state-missing', {}, %none, go => changed(sub { s/\?.*/?=&=&==/ })],
    ['cb-empty-names', 'accept', {}, go => changed(sub { s/\?/?&=x&=&/ })],
    ['cb-semicolons', 'reject state-missing', {}, %none, go => changed(sub { s/&/;/g; s/\?/?x=/ })],
    ['cb-many-parameters', 'reject form-too-many', {}, %none, go => changed(sub { $_ .= '&a=' x 1500 })],
    ['cb-fragment-mode', 'reject state-missing', answer(mode => 'fragment'), %none],

    # the path
    ['cb-path-info', 'reject -', {}, %none, status => qr/^404$/, go => changed(sub { s{/callback}{/callback/x/y} }), silent => 1],
    ['cb-double-slash', 'safe', {}, go => changed(sub { s{/sso/callback}{//sso//callback} }), silent => 1],
    ['cb-escaped-path', 'accept', {}, go => changed(sub { s{/callback}{/%63allback} })],
    ['cb-trailing-slash', 'reject -', {}, %none, status => qr/^404$/, go => changed(sub { s{/callback}{/callback/} }), silent => 1],
    ['cb-state-replayed-new-code', 'reject token-invalid-grant', {}, go => sub {
        my ($case) = @_;
        my $first = callback_url($case);
        my $second = SSO::Browser::query_of(callback_url($case))->{code};
        return $case->{browser}->get($first =~ s/code=[^&]+/code=$second/r, from => $case->{op}->issuer);
    }],
);
done_cases;
