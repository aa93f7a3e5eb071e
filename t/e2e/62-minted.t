# SPDX-License-Identifier: Apache-2.0
# Tokens that the module makes for the application: what is in them, who can verify them, when none is made.
use lib 't/lib';
use SSO::Test;

use MIME::Base64 qw(decode_base64url);
use SSO::Proc;

my ($loopback, $held) = SSO::Proc::reserve_port('127.0.0.1');
# One process, because each has its own cache of tokens.
my $site = site(httpd => {servers => 1}, snippet => <<"END");
MinSpareThreads 1
MaxRequestWorkers 16
Listen 127.0.0.1:$loopback
<VirtualHost 127.0.0.1:$loopback>
    ServerName http://127.0.0.1:$loopback
    SSOBasePath /keys/
    SSOLoginPath /keys/login
    SSOLogoutPath /keys/logout
</VirtualHost>
<Location /minted/>
    AuthType sso-oidc
    Require valid-user
    SSOPassToken minted
    SSOMintAudience openmetadata
</Location>
<Location /minted/wide/>
    SSOMintAudience openmetadata other
    SSOMintLifetime 120
    SSOMintClaim teams groups
    SSOMintClaim sub sub
</Location>
<Location /header/>
    AuthType sso-oidc
    Require valid-user
    SSOPassToken minted X-Token
    SSOMintAudience openmetadata
</Location>
<Location /optional/>
    AuthType sso-oidc
    Require all granted
    SSOPassToken minted
    SSOMintAudience openmetadata
</Location>
END
undef $held;

sub parts { my ($token) = @_; return map { JSON::PP::decode_json(decode_base64url($_)) } (split /\./, $token)[0, 1] }

sub bearer {
    my ($page) = @_;
    my ($token) = (sent_header($page, 'Authorization') // '') =~ /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/;
    return $token;
}

my $keys = $site->new_browser->get($site->url('/sso/jwks'))->json->{keys};

# The signature as an application checks it: with the published key alone.
sub verifies {
    my ($token) = @_;
    my ($head) = parts($token);
    my ($key) = grep { $_->{kid} eq $head->{kid} } @$keys or return 0;
    my $root = $site->httpd->root;
    my ($signed, $signature) = $token =~ /^(.+)\.([^.]+)$/;
    my $pem = "-----BEGIN PUBLIC KEY-----\n" . public_key($key) . "-----END PUBLIC KEY-----\n";
    $site->httpd->write('conf/pub.pem', $pem);
    $site->httpd->write('conf/signed', $signed);
    open my $out, '>:raw', "$root/conf/signature" or die $!;
    print $out decode_base64url($signature);
    close $out or die $!;
    return qx(openssl dgst -sha256 -verify $root/conf/pub.pem -signature $root/conf/signature $root/conf/signed 2>&1) =~ /Verified OK/;
}

sub der { my ($tag, $body) = @_; my $n = length $body;
    return pack('C', $tag) . ($n < 128 ? pack('C', $n) : $n < 256 ? pack('CC', 0x81, $n) : pack('Cn', 0x82, $n)) . $body }

sub public_key {
    my ($key) = @_;
    my $rsa = der(0x30, join '', map { my $v = decode_base64url($key->{$_}); der(2, (ord($v) & 0x80 ? "\0" : '') . $v) } qw(n e));
    return MIME::Base64::encode_base64(der(0x30, der(0x30, pack('H*', '06092a864886f70d0101010500')) . der(3, "\0$rsa")));
}

subtest 'the public key is open to everybody' => sub {
    my $answer = $site->new_browser->get($site->url('/sso/jwks'));
    is $answer->status, 200, 'without a login';
    like $answer->header('Content-Type'), qr{^application/json}, 'as JSON';
    is scalar @$keys, 1, 'one key';
    is_deeply [sort keys %{$keys->[0]}], [qw(alg e kid kty n use)], 'only public members';
    is_deeply [@{$keys->[0]}{qw(kty alg use)}], [qw(RSA RS256 sig)], 'an RSA key that signs';
    like $keys->[0]{kid}, qr/^mod-sso-oidc-[\w-]{43}$/, 'its id is our prefix and a thumbprint';
    unlike $keys->[0]{n} . $keys->[0]{e}, qr/=/, 'no padding';
    my $n = decode_base64url($keys->[0]{n});
    ok length $n == 256 && ord $n, '2048 bits, no leading zero byte';
    my $other = $site->new_browser->get("http://127.0.0.1:$loopback/keys/jwks");
    is_deeply $other->json->{keys}, $keys, 'the same key in another virtual host, below its own base path';
    is $site->new_browser->request('DELETE', $site->url('/sso/jwks'))->status, 405, 'it is for reading';
    expect_log $site, qr/SSO220: .*reason=method/;
    my $file = $site->httpd->root . '/state/mint-key.pem';
    is sprintf('%03o', (stat $file)[2] & 0777), '600', 'the private half is for root only';
};

my $first;
subtest 'a session becomes a token' => sub {
    my $page = login($site, '/minted/page');
    $first = bearer($page) or return fail 'a token reaches the application';
    my ($head, $claims) = parts($first);
    is_deeply $head, {alg => 'RS256', typ => 'JWT', kid => $keys->[0]{kid}}, 'header';
    is_deeply [sort keys %$claims], [qw(aud email email_verified exp iat iss jti name preferred_username sub)], 'these claims and no other';
    is $claims->{iss}, $site->url('/sso'), 'iss is the module';
    is_deeply $claims->{aud}, ['openmetadata'], 'aud is a list';
    is_deeply [@$claims{qw(sub email preferred_username name)}], ['alice', 'alice@example.com', 'alice@example.com', 'Alice Müller'], 'the person';
    ok $claims->{email_verified} == true, 'email_verified';
    is $claims->{exp} - $claims->{iat}, 300, 'five minutes';
    cmp_ok abs(time - $claims->{iat}), '<', 30, 'made now';
    like $claims->{jti}, qr/^[\w-]{22}$/, 'jti has 128 bits';
    ok verifies($first), 'the published key verifies it';
    unlike $site->log->text, qr/\Q$first\E/, 'it is in no log';
};

# What OpenMetadata's filter does with a token, in its order; 'ok NAME' or why it says no. Profiles: older servers check
# neither aud nor iss, newer ones aud, those with a confidential client iss too.
sub jwt_filter {
    my ($token, %profile) = @_;
    my ($head, $claims) = parts($token);
    my %lower = map { lc $_ => $claims->{$_} } keys %$claims; # it reads names without regard to case
    return 'expired' if defined $lower{exp} && $lower{exp} <= time;
    return 'signing key not found' if !grep { $_->{kid} eq $head->{kid} } @$keys;
    return 'verification failed' if $head->{alg} ne 'RS256' || !verifies($token);
    return 'audience' if $profile{aud} && !grep { $_ eq $profile{aud} } ref $lower{aud} ? @{$lower{aud}} : $lower{aud};
    return 'issuer' if $profile{iss} && $lower{iss} ne $profile{iss};
    return 'e-mail not verified' if exists $lower{email_verified} && $lower{email_verified} != true;
    return 'session' if exists $lower{sessionid};
    return 'bot' if $lower{isbot} || exists $lower{tokentype} || exists $lower{impersonateduser};
    return 'roles' if exists $lower{roles} && !@{$lower{roles}};
    my ($name) = grep { defined } @lower{qw(email preferred_username sub)};
    return 'ok ' . lc $name =~ s/@.*//r;
}

subtest 'three generations of OpenMetadata take it' => sub {
    is jwt_filter($first), 'ok alice', 'without aud and iss';
    is jwt_filter($first, aud => 'openmetadata'), 'ok alice', 'with aud';
    is jwt_filter($first, aud => 'openmetadata', iss => $site->url('/sso')), 'ok alice', 'with aud and iss';
    is jwt_filter($first, aud => 'another'), 'audience', 'one for another application is refused';

    is jwt_filter($first =~ s/\.\K[^.]+(?=\.)/MIME::Base64::encode_base64url('{"email":"admin@example.com"}')/er),
        'verification failed', 'nobody else can write one';
};

subtest 'one signature serves many requests' => sub {
    is bearer($site->browser->get($site->url('/minted/other'))), $first, 'the same token again';
    my $other = $site->new_browser;
    my $second = bearer(login($site, '/minted/', browser => $other));
    isnt $second, $first, 'another session has another one';
};

subtest 'what the client sends is not passed on' => sub {
    for my $name ('Authorization', 'authorization') {
        my $page = $site->browser->get($site->url('/minted/'), headers => {$name => 'Bearer mallory'});
        is bearer($page), $first, "$name is replaced";
    }
    my $page = $site->browser->get($site->url('/header/'), headers => {'X-Token' => 'mallory', 'x_token' => 'mallory'});
    my $token = sent_header($page, 'X-Token');
    like $token, qr/^[\w-]+\.[\w-]+\.[\w-]+$/, 'a header of its own';
    is sent_header($page, 'Authorization'), undef, '… and no other';
    my $seen = sent($page);
    ok !(grep { $seen->{headers}{$_} =~ /mallory/ } keys %{$seen->{headers}}), 'nothing of the client in it';
    my $nobody = $site->new_browser->get($site->url('/optional/'));
    is sent_header($nobody, 'Authorization'), undef, 'nobody has no token';
    is $site->new_browser->fetch($site->url('/minted/'), headers => {Authorization => "Bearer $first"})->status, 401,
        'a minted token is no credential here';
    expect_log $site, qr/reason=no-session/;
};

subtest 'a location says what it wants' => sub {
    my $token = bearer($site->browser->get($site->url('/minted/wide/')));
    my (undef, $claims) = parts($token);
    is_deeply $claims->{aud}, [qw(openmetadata other)], 'two audiences';
    is $claims->{exp} - $claims->{iat}, 120, 'a shorter life';
    is_deeply $claims->{teams}, [qw(admins staff)], 'a list stays one';
    is $claims->{sub}, 'alice', 'sub by SSOMintClaim';
    ok verifies($token), 'signed too';
};

subtest 'no token for an address that nobody verified' => sub {
    $site->op->control({user => {sub => 'eve', email => 'alice@example.com', email_verified => false}});
    my $eve = $site->new_browser;
    my $page = login($site, '/minted/', browser => $eve);
    is $page->status, 403, 'she is refused';
    expect_log $site, qr/SSO232: .*reason=mint-user/;
    my (undef, $claims) = parts(bearer($eve->get($site->url('/minted/wide/'))));
    is $claims->{sub}, 'eve', 'where sub is named she is herself';
    ok !exists $claims->{email} && !exists $claims->{preferred_username}, '… without the address';
    $site->op->control({user => {sub => 'carol', email => 'Carol@Example.COM', email_verified => true, sessionId => 'x', isBot => true, tokenType => 'PERSONAL_ACCESS',
        impersonatedUser => 'admin', roles => []}});
    (undef, $claims) = parts(bearer(login($site, '/minted/', browser => $site->new_browser)));
    is_deeply [sort keys %$claims], [qw(aud email email_verified exp iat iss jti name preferred_username sub)], 'nothing of the provider gets in by itself';
    is $claims->{email}, 'carol@example.com', 'lower case';
};

subtest 'the session is the limit' => sub {
    my $short = site(snippet => <<'END');
SSOSessionTimeout 60s 60s
<Location /minted/>
    AuthType sso-oidc
    Require valid-user
    SSOPassToken minted
    SSOMintAudience openmetadata
</Location>
END
    my (undef, $claims) = parts(bearer(login($short, '/minted/')));
    cmp_ok $claims->{exp} - $claims->{iat}, '<=', 60, 'a token ends with its session';
    my $kid = $short->new_browser->get($short->url('/sso/jwks'))->json->{keys}[0]{kid};
    isnt $kid, $keys->[0]{kid}, 'each server makes its own key';
    $short->httpd->restart;
    is $short->new_browser->get($short->url('/sso/jwks'))->json->{keys}[0]{kid}, $kid, '… once';
};

subtest 'keys of the operator, and a virtual host without a provider' => sub {
    my ($port, $keep) = SSO::Proc::reserve_port('127.0.0.1');
    my $folder = File::Temp->newdir('sso-mint-XXXXXXXX', TMPDIR => 1);
    my $key = "$folder/mint.pem";
    is system("umask 077; openssl genrsa -out $key 2048 2>/dev/null"), 0, 'a key is made';
    my $two = site(start => 0, httpd => {host => 'localhost'}, server => <<"END");
SSODevelopment On
SSOStateDir "\${ROOT}/state"
Listen 127.0.0.1:$port
<VirtualHost 127.0.0.1:\${PORT}>
    ServerName \${ORIGIN}
    SSOIssuer @{[$site->op->issuer]}
    SSOClientID public
    SSOMintKey $key
    <Location />
        AuthType sso-oidc
        Require valid-user
        SSOPassToken minted
        SSOMintAudience app
    </Location>
</VirtualHost>
<VirtualHost 127.0.0.1:$port>
    ServerName http://127.0.0.1:$port
</VirtualHost>
END
    undef $keep;
    $two->httpd->start;
    my $here = $two->new_browser->get($two->url('/sso/jwks'))->json;
    my $there = $two->new_browser->get("http://127.0.0.1:$port/sso/jwks")->json;
    is scalar @{$here->{keys}}, 1, 'the key is shown';
    is_deeply $there, $here, '… also where nobody can sign in';
    is $two->new_browser->get("http://127.0.0.1:$port/sso/session")->status, 404, 'and nothing else of ours is there';
    my ($n) = qx(openssl rsa -in $key -noout -modulus 2>/dev/null) =~ /=(\w+)/;
    is uc unpack('H*', decode_base64url($here->{keys}[0]{n})), $n, 'it is the operator\'s key';
    ok !-e $two->httpd->root . '/state/mint-key.pem', 'no other is made';
};
done_testing;
