# SPDX-License-Identifier: Apache-2.0
# The stand-in for OpenMetadata as a judge: what its filters take and refuse. Tokens are signed by the scripted provider
# (publicKeyUrls) or by the server's own key; the module has no part in it.
use lib 't/lib';
use SSO::Test;

my $op = SSO::OP->scripted;
my @lists = map { $op->origin . $_ } qw(/none /jwks);
my $om = SSO::OP->_start('openmetadata', {authentication => {publicKeyUrls => \@lists}});
my $http = HTTP::Tiny->new;
my $json = JSON::PP->new->utf8->allow_nonref;
my $me = '/api/v1/users/loggedInUser';
my %good = (sub => 'u1', email => 'alice@example.com', aud => ['openmetadata'], iss => 'https://d.example',
    exp => time + 300);

# From here on no key list may be missing: one that cannot be fetched is the server's failure.
sub token { my ($claims, %more) = @_; return $op->sign(claims => {%good, %$claims}, token => \%more) }
sub own { my (%order) = @_; return $om->_call(POST => '/_token', \%order)->{token} }
sub ask {
    my ($token, $path, %more) = @_;
    my %headers = ((defined $token ? (Authorization => "Bearer $token") : ()), %{$more{headers} // {}});
    my $answer = $http->request($more{method} // 'GET', $om->origin . ($path // $me), {%more, headers => \%headers});
    my $body = eval { $json->decode($answer->{content}) } // {};
    return $answer->{success} ? $body->{name} // 200 : "$answer->{status} " . ($body->{message} // '');
}
sub set { $om->control({@_}); return }

like ask(token({})), qr/^500 Public keys cannot be fetched/, 'keys that cannot be fetched are a failure of the server';
set(authentication => {publicKeyUrls => [$op->issuer . '/jwks', $om->origin . '/api/v1/system/config/jwks']});

subtest 'every profile of JwtFilter' => sub {
    for my $era (qw(E1 E2 E3)) {
        set(era => $era, authentication => {clientType => 'public'});
        is ask(token({})), 'alice', "$era: a good token";
        is ask(undef), '401 Not Authorized! Token not present', "$era: none";
        is ask(token({exp => time - 5})), '401 Expired token!', "$era: expired";
        is ask(token({}, remove => ['exp'])), 'alice', "$era: exp may be absent";
        like ask(token({}, kid => 'other')), qr/^401 .*signing key not found/, "$era: unknown kid";
        like ask(token({}, kid => undef)), qr/^401 .*signing key not found/, "$era: no kid";
        like ask(token({}, tamper => 'signature')), qr/^401 .*Public key mismatch/, "$era: signature";
        like ask(token({}, key => 'k2', kid => 'k1')), qr/^401 .*Public key mismatch/, "$era: another key";
        like ask(token({}, kid => 'own-key-of-openmetadata')), qr/^401 .*mismatch/, "$era: its own kid is its own key";
        like ask(token({}, alg => 'RS512')), qr/^401 .*mismatch/, "$era: another algorithm";
        like ask(token({email_verified => false})), qr/^401 .*not verified/, "$era: unverified e-mail";
        for my $name (qw(sessionId sessionid SESSIONID)) {
            is ask(token({$name => 'x'})), '401 Not Authorized! Invalid session.', "$era: $name is a trap";
        }
        is ask(token({sid => 'x'})), 'alice', "$era: sid is not";
        like ask(token({isBot => true})), qr/^401 /, "$era: only a known bot's token may say isBot";
        like ask(token({tokenType => 'PERSONAL_ACCESS'})), qr/^401 /, "$era: only a known token may be a personal one";
    }
    set(authentication => {tokenValidationAlgorithm => 'RS512'});
    is ask(token({}, alg => 'RS512')), 'alice', 'the algorithm can be set';
    set(authentication => {tokenValidationAlgorithm => 'RS256'});
};

subtest 'audience and issuer' => sub {
    set(era => 'E1');
    is ask(token({aud => 'x', iss => 'x'})), 'alice', 'E1 looks at neither';
    set(era => 'E2');
    is ask(token({aud => 'x', iss => 'x'})), 'alice', 'E2 neither';
    set(era => 'E3');
    like ask(token({aud => ['x']})), qr/^401 .*audience/, 'E3 wants its audience';
    like ask(token({}, remove => ['aud'])), qr/^401 .*audience/, '… not none';
    is ask(token({aud => 'openmetadata'})), 'alice', '… as text or list';
    is ask(token({iss => 'x'})), 'alice', '… any issuer while it is a public client';
    set(oidc => {id => 'second'});
    is ask(token({aud => ['second']})), 'alice', '… or the id of the code flow';
    set(oidc => {id => ''}, authentication => {clientId => ''});
    is ask(token({aud => ['x']})), 'alice', '… none is looked for where none is configured';
    set(authentication => {clientId => 'openmetadata', clientType => 'confidential'},
        oidc => {discoveryUri => $op->issuer . '/.well-known/openid-configuration'});
    like ask(token({})), qr/^401 .*issuer/, 'a confidential client knows its issuer';
    is ask(token({iss => $op->issuer})), 'alice', '… and takes that one';
    is ask(own(user => 'bob')), 'bob', 'a token of its own needs neither';
    set(authentication => {clientType => 'public'});
};

subtest 'who it is' => sub {
    is ask(token({email => 'ALICE@Example.com'})), 'alice', 'lower case';
    is ask(token({email => 'alice@other.example'})), 'alice', 'the domain is not looked at';
    set(authorizer => {enforcePrincipalDomain => true});
    like ask(token({email => 'alice@other.example'})), qr/^401 .*domain/, '… unless it is to be';
    set(authorizer => {allowedDomains => ['other.example']});
    is ask(token({email => 'alice@other.example'})), 'alice', '… then it may be listed';
    set(authorizer => {enforcePrincipalDomain => false, allowedDomains => []});
    is ask(token({preferred_username => 'bob'}, remove => ['email'])), 'bob', 'the first claim that is there';
    is ask(token({sub => 'bob'}, remove => ['email'])), 'bob', 'then sub';
    like ask(token({email => 7})), qr/^401 /, 'a claim that is no text is no identity';
    like ask(token({email => 'zoe@example.com'})), qr/^404 user instance for zoe/, 'nobody of that name';
    set(authentication => {jwtPrincipalClaimsMapping => ['username:nick', 'email:mail']});
    is ask(token({nick => 'bob', mail => 'b@example.com'})), 'bob', 'claims by mapping';
    like ask(token({nick => 'bob'})), qr/^401 /, '… both of them';
    set(authentication => {jwtPrincipalClaimsMapping => ['username:nick', 'email:https://example.com/mail']});
    like ask(token({nick => 'bob'})), qr/^500 /, '… a claim with a colon in its name cannot be mapped';
    set(authentication => {jwtPrincipalClaimsMapping => [], emailClaim => 'email'});
    is ask(token({})), 'alice', 'by e-mail';
    like ask(token({email => 'alice@other.example'})), qr/^401 .*belongs to another/,
        '… a taken name with another e-mail is refused';
    set(authentication => {emailClaim => ''});
};

subtest 'roles' => sub {
    my $roles = sub { $om->_call(GET => '/_state')->{users}{alice}{roles} };
    ask(token({roles => []}));
    is_deeply $roles->(), ['DataSteward'], 'are not the provider\'s';
    set(authorizer => {useRolesFromProvider => true});
    ask(token({}));
    is_deeply $roles->(), ['DataSteward'], 'absent says nothing';
    ask(token({roles => ['A']}));
    is_deeply $roles->(), ['A'], 'a list is taken';
    ask(token({roles => []}));
    is_deeply $roles->(), [], 'an empty one takes all away';
    set(authorizer => {useRolesFromProvider => false});
};

subtest 'bots and personal tokens' => sub {
    my $bot = own(kind => 'bot', user => 'ingestion-bot');
    is ask($bot), 'ingestion-bot', 'a bot';
    is ask($bot, undef, headers => {'X-Impersonate-User' => 'bob'}), 'bob', '… may act for a person';
    my $newer = own(kind => 'bot', user => 'ingestion-bot');
    like ask($bot), qr/^401 /, 'a token that was replaced is none';
    is ask($newer), 'ingestion-bot', '… the current one is';
    like ask(own(kind => 'bot', user => 'admin', known => false)), qr/^401 /, 'one that nobody knows';
    is ask(own(kind => 'personal', user => 'bob')), 'bob', 'a personal token';
    like ask(own(kind => 'personal', user => 'bob', known => false)), qr/^401 /, '… that was withdrawn';
    is ask(own(user => 'bob'), undef, headers => {'X-Impersonate-User' => 'admin'}), 'bob', 'a person acts for nobody';
};

subtest 'open paths, keys, cookies' => sub {
    for my $path (qw(config/auth config/authorizer CONFIG/JWKS health version config/customUiThemePreference)) {
        isnt ask(undef, "/api/v1/system/$path"), '401 Not Authorized! Token not present', "$path is open";
    }
    like ask(undef, '/api/v1/system/config/auth/'), qr/^401/, 'exactly these';
    like ask(undef, "$me?access_token=" . token({}), headers => {Cookie => 'token=' . token({})}), qr/^401/,
        'a token is read from the header only';
    my $fetches = sub { $om->_call(GET => '/_state')->{fetches} };
    my $before = $fetches->();
    ask(token({}));
    is $fetches->(), $before, 'a key is kept';
};

subtest 'the header filter' => sub {
    set(filter => 'header');
    is ask(undef, undef, headers => {'X-Auth-Params-Email' => 'bob@anything'}), 'bob', 'it believes the header';
    is ask(undef, undef, headers => {'X-Auth-Params-Email' => 'alice@a, bob@b'}), 'alice', '… its first value';
    like ask(undef, undef, headers => {'X-Auth-Params-Email' => 'Bob@b'}), qr/^404 .* Bob/, '… in its spelling';
    is ask(token({})), "401 Not authorized; User's Email is not present", 'and no token';
    like ask(undef, '/api/v1/system/config/auth'), qr/^401/, 'no path is open but';
    unlike ask(undef, '/api/health'), qr/^401/, 'health';
    set(filter => 'jwt');
};

# Its own login, as each era hands it out. Returns the browser and where it was sent at the end.
sub own_login {
    my ($era, %more) = @_;
    $om->reset;
    set(era => $era, %more);
    my $browser = SSO::Browser->new;
    my $back = $om->origin . '/auth/callback';
    my $form = $browser->go($om->origin . "/api/v1/auth/login?redirectUri=$back");
    my $answer = $browser->submit($form, {login => 'bob', password => 'bob'});
    $answer = $browser->get($answer->header('Location')) while $answer->header('Location') !~ m{/auth/callback};
    return ($browser, $answer->header('Location') =~ s/^\Q$back\E//r);
}

subtest 'its own login' => sub {
    $om->stop;
    $om = SSO::OP->_start('openmetadata', {});
    for my $era (qw(E1 E2 E3)) {
        my ($browser, $rest) = own_login($era, users => {bob => {displayName => 'Bob & Co'}});
        my $encoded = $era eq 'E1' ? qr/^\?id_token=([^&]+)&email=bob\@example\.com&name=Bob & Co$/
            : qr/^#id_token=([^&]+)&email=bob%40example\.com&name=Bob\+%26\+Co$/;
        like $rest, $encoded, "$era: how the token comes";
        my ($token) = $rest =~ $encoded;
        is ask($token), 'bob', "$era: it is a token";
        my $again = $browser->get($om->origin . '/api/v1/auth/refresh');
        is $again->status, 200, "$era: refresh";
        my $duration = $again->json->{expiryDuration} / ($era eq 'E1' ? 1 : 1000);
        cmp_ok abs($duration - time - 3600), '<', 20, "$era: in seconds or milliseconds";
        is ask($again->json->{accessToken}), 'bob', "$era: the new one is a token too";
        set(idp => {down => true});
        is $browser->get($om->origin . '/api/v1/auth/refresh')->status, 503, "$era: no verdict is 503";
        my $get = $browser->get($om->origin . '/api/v1/auth/logout');
        is $get->status, $era eq 'E1' ? 302 : 405, "$era: logout by GET";
        is $get->header('Allow'), 'POST', "$era: the other method is named" if $era ne 'E1';
        $browser->request('POST', $om->origin . '/api/v1/auth/logout') if $era ne 'E1';
        is $browser->get($om->origin . '/api/v1/auth/refresh')->status, 401, "$era: then there is no refresh";
        is ask($token), $era eq 'E2' ? '401 Not Authorized! Invalid session.' : 'bob', "$era: what became of the token";
        my $evil = $browser->get($om->origin . '/api/v1/auth/login?redirectUri=https://evil.example/auth/callback');
        is $evil->status, 400, "$era: another place is refused" if $era ne 'E1';
    }
    my ($browser) = own_login('E3', idp => {refreshToken => false});
    is $browser->get($om->origin . '/api/v1/auth/refresh')->status, 401, 'without a refresh token the session ends';
};

$_->stop for $op, $om;
done_testing;
