# SPDX-License-Identifier: Apache-2.0
# The providers of t/op as objects. SSO::OP->scripted({…}) takes the script described in t/op/scripted.mjs,
# SSO::OP->real({…}) the configuration described in t/op/real.mjs.
package SSO::OP;
use strict;
use warnings;

use Carp qw(croak);
use File::Temp ();
use HTTP::Tiny;
use JSON::PP ();

use SSO::Httpd;
use SSO::Proc;

my $json = JSON::PP->new->utf8->allow_nonref->canonical;
our $node = $ENV{SSO_NODE} // 'node';

sub scripted { my ($class, $script) = @_; return $class->_start('scripted', $script // {}) }

sub real {
    my ($class, $config) = @_;
    croak 'oidc-provider is not installed: run ./dev test, or npm ci in t/op'
        if !-d "$SSO::Httpd::top/t/op/node_modules/oidc-provider";
    return $class->_start('real', $config // {});
}

# Any program of t/op that says READY.
sub _start {
    my ($class, $kind, $config) = @_;
    my $tmp = File::Temp->new(TEMPLATE => 'sso-op-XXXXXXXX', TMPDIR => 1, SUFFIX => '.json');
    print $tmp $json->encode($config);
    close $tmp or croak "$tmp: $!";
    my $proc = SSO::Proc->start(command => [$node, "$SSO::Httpd::top/t/op/$kind.mjs", "$tmp"],
        ready => qr/^READY (\S+)\n/);
    my $issuer = $proc->{ready};
    my ($origin) = $issuer =~ m{^(https?://[^/]+)};
    my $self = bless {kind => $kind, proc => $proc, issuer => $issuer, origin => $origin}, $class;
    my %tls = $origin =~ /^https/ ? (verify_SSL => 0) : ();
    $self->{http} = HTTP::Tiny->new(timeout => 30, keep_alive => 0, %tls);
    return $self;
}

sub issuer { $_[0]{issuer} }
sub origin { $_[0]{origin} }
sub kind { $_[0]{kind} }
sub stop { my ($self) = @_; return $self->{proc}->stop }

sub _call {
    my ($self, $method, $path, $body) = @_;
    my $answer = $self->{http}->request($method, $self->{origin} . $path,
        defined $body ? {content => $json->encode($body)} : {});
    croak "$method $path: $answer->{status} $answer->{content}" if !$answer->{success};
    return $json->decode($answer->{content});
}

# Merges into the script; returns the object, so that a test reads $op->reset->control({…}).
sub control { my ($self, $script) = @_; $self->_call(POST => '/_control', $script); return $self }
sub reset { my ($self) = @_; $self->_call(POST => '/_reset'); return $self }

# What was asked of it: requests('/token').
sub requests {
    my ($self, $path) = @_;
    my $all = $self->_call(GET => '/_requests');
    return grep { !defined $path || $_->{path} =~ /\Q$path\E$/ } @$all;
}
# What it found wrong.
sub failures { my ($self) = @_; return @{$self->_call(GET => '/_failures')} }
# A JWT of its making: sign(claims => {…}, token => {…}, typ => 'at+jwt').
sub sign { my ($self, %order) = @_; return $self->_call(POST => '/_sign', \%order)->{token} }
# Sends a logout token: logout(to => URL, client => 'public', token => {claims => {…}}): {status, headers, body, token}
sub logout { my ($self, %order) = @_; return $self->_call(POST => '/_logout', \%order) }
# Changes claims of a real provider's accounts.
sub accounts { my ($self, $claims) = @_; return $self->_call(POST => '/_accounts', $claims) }

1;
