# SPDX-License-Identifier: Apache-2.0
# Logout tokens behind the browser's back. accept: 200, nobody keeps the answer, the session is over. reject: 400 with a JSON
# error, one line in the log, the session lives.
use lib 't/lib';
use SSO::Case;

my $event = 'http://schemas.openid.net/event/backchannel-logout';
my $site = case_site([]);
my $to = sub { $site->url('/sso/backchannel-logout') };
sub claim { return (token => {claims => {@_}}) }
sub without { return (token => {remove => [@_]}) }
my $serial = 0;

# [ids, demanded, {order of SSO::OP::logout}, script => {provider}, times => 2, ours => 'sid' (the token names our sid),
# no_sid => 1 (the ID Token had none)]
sub run_logouts {
    for my $row (@_) {
        my ($ids, $demanded, $order, %option) = @$row;
        subtest "$ids: $demanded" => sub {
            my $sid = 'sid-' . ++$serial;
            my $op = $site->op->reset->control($option{no_sid} ? {id_token => {remove => ['sid']}} : {id_token => {claims => {sid => $sid}}});
            my $browser = $site->new_browser;
            is login($site, $option{path} // '/protected/', browser => $browser)->status, 200, 'signed in';
            $op->control($option{script}) if $option{script};
            my %order = (to => $to->(), as => '/main', %$order);
            $order{token} = {%{$order{token} // {}}, claims => {%{$order{token}{claims} // {}}, sid => $sid}} if $option{ours};
            my $mark = log_lines();
            my $answer = $option{send} ? $option{send}->($op, \%order, $sid) : $op->logout(%order);
            for (2 .. $option{times} // 1) {
                $order{body} = "logout_token=$answer->{token}";
                $answer = $op->logout(%order);
            }
            my @lines = log_lines($mark);
            my ($kind, $reason) = split ' ', $demanded;
            like $answer->{headers}{'cache-control'}, qr/no-store/, 'nobody keeps the answer';
            my $after = $browser->get($site->url($option{path} // '/protected/'));
            if ($kind eq 'accept') {
                is $answer->{status}, 200, 'taken' or diag @lines;
                is $after->status, $option{lives} ? 200 : 302, $option{lives} ? 'the session is another one' : 'the session is over';
            }
            else {
                is $answer->{status}, 400, 'refused';
                like $answer->{headers}{'content-type'}, qr{^application/json}, 'as JSON';
                like $answer->{body}, qr/"error"/, 'with an error';
                is $after->status, $option{times} ? 302 : 200, $option{times} ? 'the first one ended the session' : 'the session lives';
                is scalar(@lines), 1, 'one line in the log' or diag join "\n", @lines;
                like $lines[0] // '', qr/SSO2(?:17|20): .*reason=(?:$reason) /, 'says why';
                $site->log->take(qr/\Q$_\E/, 0) for @lines;
            }
        };
    }
}

run_logouts(
    ['bcl-ok oidcc-client-test-rp-backchannel-rpinitlogout', 'accept', {}, ours => 1],
    ['bcl-sub-only', 'accept', {}],
    ['bcl-sid-only', 'accept', {without('sub')}, ours => 1],
    ['bcl-session-without-sid', 'accept', {claim(sid => 'of-a-session-we-cannot-know')}, no_sid => 1],
    ['bcl-session-without-sid-other-sub', 'accept', {claim(sid => 'x', sub => 'somebody-else')}, no_sid => 1, lives => 1],
    ['bcl-aud-array', 'accept', {claim(aud => ['public', 'other'])}],
    ['bcl-typ-missing', 'accept', {token => {header_remove => ['typ']}}],
    ['bcl-typ-jwt', 'accept', {token => {header => {typ => 'JWT'}}}],
    ['bcl-typ-media', 'accept', {token => {header => {typ => 'application/logout+jwt'}}}],
    ['bcl-events-extra', 'accept', {claim(events => {$event => {}, 'https://example.com/other' => {x => 1}})}],
    ['bcl-event-with-members', 'accept', {claim(events => {$event => {reason => 'x'}})}],
    ['bcl-es256', 'accept', {token => {alg => 'ES256'}}],
    ['bcl-more-parameters', 'accept', {}, send => sub { my ($op, $o) = @_; my $t = $op->logout(%$o, to => $site->url('/elsewhere'))->{token}; $op->logout(%$o, body => "x=1&logout_token=$t&y=") }],
    ['bcl-charset', 'accept', {type => 'application/x-www-form-urlencoded; charset=utf-8'}],
    ['bcl-key-rotated', 'accept', {token => {key => 'k2'}}, script => {jwks => {keys => ['k1', 'k2', 'ec256']}}],

    # the signature
    ['bcl-alg-none oidcc-client-test-rp-backchannel-rpinitlogout-alg-none', 'reject jws-alg-none', {token => {alg => 'none', signature_hex => ''}}],
    ['bcl-wrong-alg oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg', 'reject jws-alg-not-allowed', {client => 'public', token => {alg => 'HS256', key => 'text:' . 'x' x 32}}],
    ['bcl-hs256-pem', 'reject jws-alg-not-allowed', {token => {alg => 'HS256', key => 'pem:k1', kid => 'k1'}}],
    ['bcl-bad-signature', 'reject jws-signature', {token => {tamper => 'signature'}}],
    ['bcl-attacker', 'reject jws-signature', {token => {key => 'attacker', kid => 'k1'}}],
    ['bcl-unknown-key', 'reject jwks-unknown-kid', {token => {key => 'attacker'}}],
    ['bcl-crit', 'reject jws-crit', {token => {header => {crit => ['x'], x => 1}}}],
    ['bcl-stripped', 'reject jws-signature-length', {token => {tamper => 'strip'}}],
    ['bcl-two-parts', 'reject jws-parts', {token => {tamper => 'two-parts'}}],
    ['bcl-json-serialization', 'reject jws-parts', {token => {tamper => 'json'}}],
    ['bcl-encrypted', 'reject jwt-encrypted', {token => {raw => 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA'}}],

    # the claims
    ['bcl-wrong-iss oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss', 'reject blt-iss', {claim(iss => 'https://evil.example')}],
    ['bcl-iss-slash', 'reject blt-iss', {claim(iss => '${iss}/')}],
    ['bcl-no-iss', 'reject blt-iss', {without('iss')}],
    ['bcl-wrong-aud oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud', 'reject blt-aud', {claim(aud => 'other')}],
    ['bcl-no-aud', 'reject blt-aud', {without('aud')}],
    ['bcl-aud-number', 'reject blt-aud', {claim(aud => 12)}],
    ['bcl-with-nonce oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce', 'reject blt-nonce', {claim(nonce => 'x')}],
    ['bcl-with-nonce-null', 'reject blt-nonce', {claim(nonce => undef)}],
    ['bcl-no-events oidcc-client-test-rp-backchannel-rpinitlogout-no-event', 'reject blt-events', {without('events')}],
    ['bcl-wrong-event', 'reject blt-events', {claim(events => {'https://example.com/other' => {}})}],
    ['bcl-events-array', 'reject blt-events', {claim(events => [$event])}],
    ['bcl-events-text', 'reject blt-events', {claim(events => $event)}],
    ['bcl-event-null', 'reject blt-events', {claim(events => {$event => undef})}],
    ['bcl-event-array', 'reject blt-events', {claim(events => {$event => []})}],
    ['bcl-event-true', 'reject blt-events', {claim(events => {$event => true})}],
    ['bcl-event-http-case', 'reject blt-events', {claim(events => {'HTTP://schemas.openid.net/event/backchannel-logout' => {}})}],
    ['bcl-no-sub-sid', 'reject blt-no-subject', {without('sub')}],
    ['bcl-sub-number', 'reject blt-no-subject', {claim(sub => 12)}],
    ['bcl-sid-empty', 'reject blt-no-subject', {claim(sid => '')}],
    ['bcl-sid-array', 'reject blt-no-subject', {claim(sid => ['x'])}],
    ['bcl-no-iat', 'reject blt-iat', {without('iat')}],
    ['bcl-iat-future', 'reject blt-iat', {claim(iat => {'$now' => 3600})}],
    ['bcl-iat-old', 'reject blt-iat', {claim(iat => {'$now' => -200000})}],
    ['bcl-iat-text', 'reject blt-iat', {claim(iat => 'now')}],
    ['bcl-no-exp', 'reject blt-exp', {without('exp')}],
    ['bcl-expired', 'reject blt-exp', {claim(exp => {'$now' => -600})}],
    ['bcl-exp-null', 'reject blt-exp', {claim(exp => undef)}],
    ['bcl-nbf-future', 'reject blt-nbf', {claim(nbf => {'$now' => 3600})}],
    ['bcl-nbf-text', 'reject blt-nbf', {claim(nbf => '1')}],
    ['bcl-nbf-past', 'accept', {claim(nbf => {'$now' => -5})}],
    ['bcl-no-jti', 'reject blt-jti', {without('jti')}],
    ['bcl-jti-number', 'reject blt-jti', {claim(jti => 1)}],
    ['bcl-jti-empty', 'reject blt-jti', {claim(jti => '')}],
    ['bcl-dup-sub', 'reject jwt-claims', {token => {append => '"sub":"bob"'}}],
    ['bcl-typ-jwt-at', 'reject blt-typ', {token => {header => {typ => 'at+jwt'}}}],
    ['bcl-typ-id-token', 'reject blt-typ', {token => {header => {typ => 'id_token+jwt'}}}],
    ['bcl-id-token', 'reject blt-events|blt-nonce|blt-jti', {token => {header => {typ => 'JWT'}, remove => ['events', 'jti'], claims => {nonce => 'x', auth_time => {'$now' => 0}}}}],
    ['bcl-other-sub', 'accept', {claim(sub => 'somebody-else')}, lives => 1],
    ['bcl-other-sid', 'accept', {claim(sid => 'of-another', sub => 'somebody-else')}, lives => 1],
    ['bcl-other-sid-same-sub', 'accept', {claim(sid => 'of-another')}, lives => 1],
    ['bcl-replay', 'reject blt-replay|revoke-seen', {}, times => 2],

    # the request
    ['bcl-get', 'reject method', {method => 'GET'}, send => sub {
        my ($op, $o) = @_;
        my $t = $op->logout(%$o, to => $site->url('/elsewhere'))->{token};
        return $op->logout(%$o, to => $to->() . "?logout_token=$t", method => 'GET');
    }],
    ['bcl-put', 'reject method', {method => 'PUT'}],
    ['bcl-query-of-post', 'reject blt-missing', {body => 'x=1'}, send => sub {
        my ($op, $o) = @_;
        my $t = $op->logout(%$o, body => 'x=1', to => $site->url('/elsewhere'))->{token};
        return $op->logout(%$o, to => $to->() . "?logout_token=$t", body => 'x=1');
    }],
    ['bcl-wrong-content-type', 'reject body-type', {type => 'application/json', body => '{"logout_token":"e30.e30.e30"}'}],
    ['bcl-content-type-jwt', 'reject body-type', {type => 'application/logout+jwt', body => 'e30.e30.e30'}],
    ['bcl-multipart', 'reject body-type', {type => 'multipart/form-data; boundary=x', body => '--x--'}],
    ['bcl-garbage', 'reject blt-missing', {body => 'junk'}],
    ['bcl-empty-body', 'reject blt-missing', {body => ''}],
    ['bcl-empty-token', 'reject blt-missing', {body => 'logout_token='}],
    ['bcl-junk-token', 'reject jws-parts', {body => 'logout_token=junk'}],
    ['bcl-two-tokens', 'reject param-duplicate', {body => 'logout_token=e30.e30.e30&logout_token=e30.e30.e30'}],
    ['bcl-percent', 'reject form-escape', {body => 'logout_token=%'}],
    ['bcl-nul', 'reject form-nul', {body => 'logout_token=%00'}],
    ['bcl-200k', 'reject body-too-large', {body => 'logout_token=' . 'x' x 200000}],
    ['bcl-many-parameters', 'reject form-too-many', {body => 'a=&' x 10000}],
    ['bcl-provider-down', 'accept', {}, script => {jwks => {status => 500}, discovery => {status => 500}}],
);
done_cases;
