# SPDX-License-Identifier: Apache-2.0
# Throw-away certificates made with the openssl program: one authority a directory, leaves good or bad as asked.
package SSO::Tls;
use strict;
use warnings;

use Carp qw(croak);

sub _run {
    my (@command) = @_;
    my $text = join ' ', map { "'" . s/'/'\\''/gr . "'" } @command;
    my $out = qx($text 2>&1);
    croak "$text: $out" if $?;
    return $out;
}

# new(directory): makes ca.pem in it.
sub new {
    my ($class, $dir) = @_;
    my $self = bless {dir => $dir, ca => "$dir/ca.pem", serial => 1}, $class;
    _run(qw(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj), '/CN=Test authority',
        '-keyout', "$dir/ca.key", '-out', $self->{ca}) if !-e $self->{ca};
    return $self;
}

sub ca { $_[0]{ca} }

# leaf(name, names => [DNS names and addresses], expired => 1, self_signed => 1, client => 1): {cert, key}
sub leaf {
    my ($self, $name, %args) = @_;
    my $base = "$self->{dir}/$name";
    my $san = join ',', map { /^[\d.]+$|:/ ? "IP:$_" : "DNS:$_" } @{$args{names} // ['localhost', '127.0.0.1']};
    _run(qw(openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj), "/CN=$name", '-keyout', "$base.key",
        '-out', "$base.csr");
    open my $ext, '>', "$base.ext" or croak "$base.ext: $!";
    print $ext "subjectAltName=$san\nextendedKeyUsage=" . ($args{client} ? 'clientAuth' : 'serverAuth') . "\n";
    close $ext or croak "$base.ext: $!";
    my @signer = $args{self_signed} ? ('-signkey', "$base.key") : ('-CA', $self->{ca}, '-CAkey', "$self->{dir}/ca.key",
        '-set_serial', ++$self->{serial});
    _run(qw(openssl x509 -req -in), "$base.csr", '-out', "$base.pem", '-extfile', "$base.ext", @signer,
        '-days', $args{expired} ? 0 : 30);
    sleep 1 if $args{expired};
    return {cert => "$base.pem", key => "$base.key"};
}

1;
