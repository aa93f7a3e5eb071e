# SPDX-License-Identifier: Apache-2.0
# What the provider gets to see: authorization requests and client authentication.
use lib 't/lib';
use SSO::Case;
use MIME::Base64 qw(decode_base64);

sub asked { my ($case) = @_; my ($r) = grep { $_->{path} =~ m{/authorize$} } @{$case->{requests}}; return $r }
sub redeemed { my ($case) = @_; my ($r) = grep { $_->{path} =~ m{/token$} } @{$case->{requests}}; return $r }
my $fine = sub { is_deeply [$_[0]{op}->failures], [], 'the provider had nothing to complain of' };
my %verifiers;

# A login link of our own making.
sub link_to {
    my ($query) = @_;
    return sub { my ($case) = @_; return $case->{browser}->settle($case->{browser}->get($case->{site}->url("/sso/login?$query"))) };
}

my $utf8 = 'sécret 🔑 with & and = and % and + of enough bytes';
my %odd_client = ('cl:ient+id' => {auth => 'client_secret_basic', secret => $utf8}, public => {auth => 'none'});

my @rows = (
    ['req-state-nonce-pkce', 'accept', {}, check => sub {
        my ($case) = @_;
        $fine->($case);
        my $query = asked($case)->{query};
        like $query->{state}, qr/^[\w.-]{40,600}$/, 'state';
        like $query->{nonce}, qr/^[\w-]{43}$/, 'nonce of 256 bits';
        isnt $query->{state}, $query->{nonce}, 'two things';
    }],
    ['req-no-secrets', 'accept', {}, client => 'post', check => sub {
        my ($case) = @_;
        my $verifier = redeemed($case)->{form}{code_verifier};
        for my $hop ($case->{page}->hops) {
            my $url = $hop->url . ($hop->header('location') // '');
            unlike $url, qr/client_secret|code_verifier|access_token|id_token=|a-post-secret/, 'no secret in ' . ($hop->url =~ s/\?.*//r);
            ok index($url, $verifier) < 0, '… nor the verifier';
            is $hop->header('referrer-policy'), 'no-referrer', '… and no referrer' if $hop->url =~ m{/sso/callback|/protected} && $hop->is_redirect;
        }
    }],
    ['req-verifier-length', 'accept', {}, check => sub {
        my ($case) = @_;
        my $verifier = redeemed($case)->{form}{code_verifier};
        like $verifier, qr/^[\w.~-]{43,128}$/, 'of 43 to 128 characters';
        login($case->{site}, '/protected/', browser => $case->{site}->new_browser);
        my ($first, $second) = grep { $_->{path} =~ /token/ } $case->{op}->requests;
        isnt $second->{form}{code_verifier}, $verifier, 'new for every login';
    }],
    ['req-user-params-injected', 'accept', {}, go => sub {
        my ($case) = @_;
        return login($case->{site}, '/protected/?scope=admin&prompt=none&login_hint=x&acr_values=y&redirect_uri=https://evil.example&client_id=z&state=s',
            browser => $case->{browser});
    }, check => sub {
        my $query = asked($_[0])->{query};
        ok !defined $query->{$_}, "no $_" for qw(prompt login_hint acr_values);
        is $query->{scope}, 'openid profile email', 'our scope';
        is $query->{client_id}, 'public', 'our client id';
        is $query->{redirect_uri}, $_[0]{site}->url('/sso/callback'), 'our redirect URI';
    }],
    ['req-login-link-params', 'accept', {}, go => link_to('return=/protected/&scope=admin&prompt=none&login_hint=x&redirect_uri=https://evil.example'),
        check => sub { my $query = asked($_[0])->{query}; ok !defined $query->{prompt} && !defined $query->{login_hint}, 'a link adds nothing' }],
    ['req-encoding', 'accept', {}, conf => "SSOAuthParam odd \"a b&c=d%25é+/?#\"\nSSOAuthParam acr_values \"x y\"\nSSOScope \"openid urn:x:y\"", check => sub {
        my $r = asked($_[0]);
        is $r->{query}{odd}, 'a b&c=d%25é+/?#', 'encoded once';
        is $r->{query}{acr_values}, 'x y', 'a list';
        unlike $r->{url}, qr/%25(?:20|26)/, 'not twice';
    }],
    ['req-authz-endpoint-with-query', 'accept', {discovery => {set => {authorization_endpoint => '${iss}/authorize?tenant=1&x=%20y'}}}, check => sub {
        my $r = asked($_[0]);
        is $r->{query}{tenant}, '1', 'the query stays';
        is $r->{query}{x}, ' y', 'as it was';
        like $r->{url}, qr/\?tenant=1&x=%20y&response_type=code/, 'ours is appended';
    }],
    ['req-authz-endpoint-question-mark', 'accept', {discovery => {set => {authorization_endpoint => '${iss}/authorize?'}}}],
    ['req-authz-answers-html', 'safe', {authorize => {body => '<h1>log in</h1>'}}, own => 1, go => sub {
        my ($case) = @_;
        my $page = $case->{browser}->settle($case->{browser}->get($case->{site}->url($case->{path})));
        is $page->status, 200, 'a page of the provider';
        ok !$case->{site}->session_cookie($case->{browser}), 'no session';
        $case->{op}->control({authorize => {'$clear' => true}});
        return login($case->{site}, $case->{path}, browser => $case->{browser});
    }],

    # third-party initiated
    ['third-party-init-unknown-iss', 'reject provider-unknown', {}, go => link_to('iss=https%3A%2F%2Fevil.example&target_link_uri=/protected/'), status => qr/^40[04]$/, calls => {'/authorize' => 0}],
    ['third-party-init-iss-ssrf', 'reject provider-unknown', {}, go => sub { my ($case) = @_; my $o = $case->{op}->origin;
        return $case->{browser}->get($case->{site}->url("/sso/login?iss=$o/evil&target_link_uri=/protected/")) }, calls => {'/evil/.well-known/openid-configuration' => 0}],
    ['third-party-init-empty-iss', 'reject provider-unknown', {}, go => link_to('iss=&target_link_uri=/protected/'), status => qr/^40[04]$/],
    ['third-party-init-two-iss', 'reject param-duplicate', {}, go => link_to('iss=a&iss=b'), status => qr/^400$/],
    ['third-party-init-known-iss', 'accept', {}, go => sub { my ($case) = @_; my $i = $case->{op}->issuer;
        return $case->{browser}->settle($case->{browser}->get($case->{site}->url("/sso/login?iss=$i&target_link_uri=/protected/&login_hint=bob"))) }],
    ['third-party-init-evil-target', 'reject return-host', {}, go => link_to('target_link_uri=https%3A%2F%2Fevil.example%2F'), status => qr/^400$/],
    ['disc-dns-rebind', 'reject provider-unknown', {}, go => link_to('iss=http%3A%2F%2F169.254.169.254'), status => qr/^40[04]$/],
    ['login-unknown-provider', 'reject provider-unknown', {}, go => link_to('provider=nobody'), status => qr/^40[04]$/],
    ['login-no-parameters', 'accept', {}, go => sub { my ($case) = @_; $case->{browser}->settle($case->{browser}->get($case->{site}->url('/sso/login')));
        $case->{site}->upstream->_call(POST => '/_reset'); return $case->{browser}->get($case->{site}->url('/protected/')) }],

    # the client
    ['ca-basic-colon ca-secret-utf8', 'accept', {clients => \%odd_client}, client => 'cl:ient+id', conf => "SSOClientSecret \"$utf8\"", check => sub {
        my ($case) = @_;
        $fine->($case);
        my ($pair) = redeemed($case)->{headers}{authorization} =~ /^Basic (.+)/;
        like decode_base64($pair), qr/^cl%3Aient%2Bid:s%C3%A9cret/, 'form-encoded before it is joined';
    }],
    ['ca-not-both', 'accept', {}, client => 'basic', check => sub {
        my $r = redeemed($_[0]);
        ok $r->{headers}{authorization}, 'Basic';
        ok !defined $r->{form}{client_secret}, 'and no secret in the body';
        $fine->($_[0]);
    }],
    ['ca-assertion', 'accept', {}, client => 'jwt', check => sub {
        my ($case) = @_;
        $fine->($case);
        my ($head, $body) = map { tr{_-}{/+}; decode_base64($_) } split /\./, redeemed($case)->{form}{client_assertion};
        my $claims = JSON::PP::decode_json($body);
        is $claims->{iss}, 'jwt', 'iss';
        is $claims->{sub}, 'jwt', 'sub';
        is $claims->{aud}, $case->{op}->origin . "/$case->{name}", 'aud is the issuer';
        cmp_ok $claims->{exp} - $claims->{iat}, '<=', 300, 'five minutes at most';
        like $claims->{jti}, qr/^[\w-]{20,}$/, 'a jti';
    }],
    ['ca-wrong-secret', 'reject token-invalid-client', {clients => {post => {secret => 'another'}}}, client => 'post', calls => {'/token' => 1}],
    ['ca-public-no-secret', 'accept', {}, check => sub {
        my $r = redeemed($_[0]);
        is $r->{form}{client_id}, 'public', 'the id in the body';
        ok !$r->{headers}{authorization} && !defined $r->{form}{client_secret}, 'and nothing else';
    }],
);
case_site(\@rows);
run_cases(@rows);

# Configurations that do not start.
sub refused_start {
    my ($ids, $outcome, $conf) = @_;
    my ($directive) = $outcome =~ /(\S+)$/;
    subtest "$ids: $outcome" => sub {
        my $httpd = SSO::Httpd->new(conf => "SSODevelopment On\nSSOStateDir \"\${ROOT}/state\"\nSSOIssuer https://op.example\nSSOClientID app-4711\n$conf\n"
            . "<Location />\nAuthType sso-oidc\nRequire valid-user\n</Location>\n");
        my ($ok, $text) = $httpd->configtest;
        is $ok, 0, 'httpd -t refuses it';
        like $text, qr/$directive/, 'and names the directive' or diag $text;
    };
    return;
}
refused_start(@$_) for (
    ['idt-hs256-short-secret', 'reject SSOClientSecret', "SSOClientSecret 0123456789\nSSOSigningAlgs HS256"],
    ['ca-none-without-secret', 'reject SSOClientAuth', 'SSOClientAuth client_secret_basic'],
    ['ca-hs256-without-secret', 'reject SSOSigningAlgs', 'SSOSigningAlgs HS256'],
    ['alg-none-configured', 'reject SSOSigningAlgs', 'SSOSigningAlgs none'],
    ['response-type-token', 'reject SSOResponseType', 'SSOResponseType "code token"'],
    ['response-mode-unknown', 'reject SSOResponseType', 'SSOResponseType code fragment'],
);
done_cases;
